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
// # Bounds
//
// A session holds at most 128 KiB of stream bytes that wait for the
// connection, and each sink 32 KiB that it is writing and 32 KiB that it has
// read ahead. A stream holds at most
// [Config].Window bytes that have arrived and were not read. At most 256
// streams wait to be accepted; more are refused.
//
// The wire format is yamux with a preface, a control stream and some rules;
// PROTOCOL.md describes all of it.
package mux
