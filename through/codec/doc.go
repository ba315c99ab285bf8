// Package codec turns bytes into values and back: JSON, CSV, gob, gzip, zlib, base64.
//
// [DecodeJSON] and [EncodeJSON] are JSON lines, [JSONPath] and [JSONEntries] pick
// values out of JSON documents of any size. [DecodeCSV], [DecodeCSVRows] and [EncodeCSV],
// [DecodeGob] and [EncodeGob] are what their names say. [Gzip] and [Gunzip],
// [Zlib] and [Unzlib], [Deflate] and [Inflate], [EncodeBase64] and
// [DecodeBase64] go from bytes to bytes. [Hash] and [Verify] look at bytes that
// pass.
//
// All decoders keep the same rules. Where the source cuts its chunks changes
// nothing. Input that is cut inside a value is io.ErrUnexpectedEOF, which only
// a [LineError] wraps; to have no bytes at all is cut for what decompresses,
// and else no values. Damage is a [DecodeError] with an offset, and comes
// after the values before it. What a value may take is bounded: more matches
// [ErrTooLarge], and a length that the input claims reserves nothing. What has
// lines or records can go on behind a bad one: see OnError of the options.
// They work in the calls of their reader: no goroutine runs, so an abort
// leaves none, and it is as prompt as the source.
//
// JSON that is not UTF-8 is refused: to replace what is wrong, as encoding/json
// does, would lose data. Both decoders of JSON say so by a [frame.UTF8Error]
// with the offset in the stream; that of a line is in a [LineError], as is all
// that is wrong with a line.
package codec
