// Package mux carries many named duplexes over one connection.
//
// A [Session] runs over any net.Conn: a TCP connection, a TLS one, net.Pipe,
// the two ends of a child process. One end calls [Client], the other [Server];
// after that both may do the same things. [Session.Open] opens a [Stream] with
// a name and metadata, [Session.Accept] is a source of those that the peer
// opens, and a stream's [Stream.Duplex] is a source and a sink of chunks of
// bytes, with flow control of its own: a stream whose reader has stopped holds
// at most one window, and the others go on.
//
// A [Router] accepts streams and has each served by the [Handler] for its name.
//
// # Who talks to whom
//
// Before anything else the two ends tell each other the versions they speak,
// their limits, and an application id: [Config].Application, an opaque string.
// What does not fit is a typed error at both ends: a [VersionError], an
// [ApplicationError], or [ErrNotWeir]. Nothing here is secret, authentic or
// checked against corruption; run a session over TLS for that.
//
// # How streams end
//
// Each direction of a stream ends exactly once, by a message of its own: END
// with the number of bytes that were sent, or RESET with a reason. A reader
// returns io.EOF only when END has come and every byte before it was
// delivered. Whatever else happens (the connection is cut, the peer dies or
// falls silent, a session is aborted) is an error, which never is io.EOF and
// never wraps it. An abort of a source reaches the peer's sink as the cause of
// its own abort, as a [StreamError].
//
// # How sessions end
//
// [Session.Close] is graceful: no more streams, those that are open go on to
// their end, then both ends agree that this was all. [Session.Abort] cuts the
// connection. A session that is lost ends all its streams with its cause,
// [Session.Err]: a [LostError], [ErrSilent] when the peer has said nothing for
// Config.Idle, a [ProtocolError] when it broke a rule.
//
// # Bounds
//
// To send: a session holds at most 128 KiB of stream bytes that wait for the
// connection, and each sink 32 KiB that it is writing and 32 KiB that it has
// read ahead; one that waits for its source holds at most 10 KiB. What
// accumulates while a write is under way goes out with the next, and nothing
// waits for a timer.
//
// To receive: a stream holds at most a window of bytes that have arrived and
// were not read. The window goes by the round trip of the handshake, since it
// bounds what one stream carries in a round trip: 256 KiB below 2 ms, 1 MiB
// below 30 ms, else 16 MiB; Config.Window sets it. All streams together are held
// to a [Budget], 64 MiB unless it says otherwise, which sessions may share. When
// little of it is left new streams are refused; when it is used up the stream
// that holds most is aborted. A session itself has 64 KiB to read into, and over
// a socket the 32 KiB of a chunk that is arriving.
//
// Streams: at most Config.MaxStreams of the peer's are open at once, 256
// unless it says otherwise, and at most Config.Backlog wait to be accepted;
// over that the opener's Open waits. One whose name does not come in time is
// refused, see Config.Handshake. A session has four goroutines and one timer, or
// two while a name is on its way, however many streams it has. A stream has one
// more goroutine while its sink has bytes to write. A stream whose reader waits
// takes less than 6.5 KiB, the reader's goroutine included.
//
// Abuse: frames that bring nothing (pings, empty frames, messages for streams
// that have gone) may come a thousand times a second; whoever sends more, or
// breaks a rule of PROTOCOL.md, is cut off, and no other session notices.
//
// # Numbers
//
// [Session.Stats] and [Stream.Stats] return what was counted: bytes, chunks and
// writes, what is held, how long sinks have waited, the round trip. Counting is
// always on and costs nothing that can be measured.
//
// # Wire format
//
// The wire format is yamux (github.com/hashicorp/yamux) with a handshake before
// it, a control stream and some rules; PROTOCOL.md describes all of it, and
// testdata/transcript.txt is an example. Package yamux opens and closes streams;
// flow control, order and the bytes themselves are kept here, where an end is
// told from a cut and a write that waits can be interrupted.
package mux
