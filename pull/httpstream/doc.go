// Package httpstream makes streams of HTTP bodies, and of server-sent events.
//
// A client reads a response's body with [Get], and sends a source as a request's
// body with [pull.NewReader]. A server reads a request's body with [Request], and
// answers with a source by [Handler] or [Response]. Bodies are chunks of bytes
// without boundaries. [DecodeEvents] and [EncodeEvents] stand between those and
// events, so that
//
//	events := httpstream.DecodeEvents(httpstream.Get(nil, req), 0)
//
// is a client of an event stream. What to do when that fails (wait for a while,
// ask again with the header Last-Event-ID) is left to a retry around it.
//
// A body that is cut is a failure, never a clean end: net/http reports
// io.ErrUnexpectedEOF where length or chunks show it, and a source that fails
// while it is sent cuts the connection.
package httpstream
