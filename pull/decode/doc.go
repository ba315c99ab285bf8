// Package decode makes sources of the standard library's decoders.
//
// [Scanner], [JSON], [CSV] and [XML] take a decoder that is set up already (its
// buffer, UseNumber, Comma, Strict …) and read one value in each call, nothing
// beyond what the decoder itself buffers of its reader. They hold nothing:
// whoever opened the reader closes it, with [pull.From]'s release for instance.
// What cuts or decodes a stream of chunks, rather than an io.Reader, is in
// through/frame and through/codec; [pull.NewReader] joins the two worlds.
//
// # Interruption
//
// A decoder knows no context. A call, and an abort, waits for a Read that is
// under way, unless that is one of pull.NewReader, which is interrupted by the
// context it was given.
//
// # Errors
//
// A failure is an [Error], with where it was noticed, and wraps what the
// decoder returned. Input that is cut within a value is io.ErrUnexpectedEOF as
// far as the format can tell: JSON and XML can; in CSV only a quote that is
// still open shows it; a line does not. The end between two values is io.EOF.
package decode
