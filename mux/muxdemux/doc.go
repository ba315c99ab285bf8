// Package muxdemux speaks mux-demux 3.7.9 of npm: many streams of JSON on lines.
//
// A [Session] runs over any duplex of bytes whose other end is npm's mux-demux
// or another Session. There are no roles: both ends open and accept.
// [Session.Open] opens a [Stream] with any JSON as its metadata, to read, to
// write or both; [Session.Accept] is a source of those that the peer opens; a
// stream's [Stream.Duplex] is a source and a sink of JSON values, and [Values]
// makes Go values of them.
//
// Between two programs in Go, package mux is the better choice: it has windows
// where this protocol has requests, and ends that cannot be mistaken.
//
// # Backpressure
//
// The protocol has a pause and a resume for each stream, and no windows. Here a
// sink whose peer has paused it does not pull; a value that it had pulled by
// then still goes out. A source that is not pulled holds what arrives: at
// Config.Hold bytes it has the peer pause, at half of that resume. What the
// peer sends nevertheless is held up to Config.Limit; then the stream is cut,
// with an [OverrunError], and the others go on. That is the hard case: npm's
// write returns false to a writer that is paused, and sends the value all the
// same, so whoever ignores what write returns is cut sooner or later, and
// whoever pipes is not, unless more than Config.Limit is on its way in one
// round trip.
//
// # How streams end
//
// Each direction ends by itself, as with allowHalfOpen in npm: a sink whose
// source has ended says end, and the reader gets io.EOF behind every value.
// Once a stream has ended in both directions it says close. An npm peer that
// was told end keeps its own direction open until it ends that, so whoever
// wants no answer aborts the source.
//
// A sink whose source fails says error, with the text; the reader gets a
// [StreamError]. Beware: on a stream without a listener for it, an error ends a
// process in Node. An error from the peer ends the source, or the sink where the
// source had ended well or was not there. There is no word for "stop sending": when a reader leaves, its
// stream is paused for good, and the peer's sink learns of it, as
// [pull.ErrStopped], once the other direction has ended too. A peer that closes
// a stream without an end, as destroy does in npm, ends the source with
// io.ErrUnexpectedEOF.
//
// # How sessions end
//
// [Session.Close] waits until no streams are left, then ends the connection. A
// peer that ends the connection while streams are open is a [LostError] to
// each of them; npm's end of a whole session, which says end on each stream
// first, is a clean end to sources. A line that is not of the protocol is a
// [ProtocolError] and ends the session; npm ignores most of them, but no
// program of npm's sends any. Lines for streams that are not open, and events
// that are not known, are ignored.
//
// # Bounds
//
// A session has two goroutines, a stream none. It holds 64 KiB to send and one
// line more for each sink; a peer that makes it answer but does not read the
// answers is cut off at 1 MiB. It receives lines of at most Config.MaxLine, and
// holds at most Config.Limit and one line for each stream, of which there are
// at most Config.MaxStreams of the peer's.
package muxdemux
