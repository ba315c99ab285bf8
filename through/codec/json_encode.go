package codec

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/stage"
)

// EncodeJSON turns each value into one chunk that holds its JSON on one line,
// with the \n, as encoding/json writes it but without escaping <, > and &. A
// chunk is there as soon as its value is.
//
// A value that encoding/json refuses fails with a [LineError], whose line is
// the one it would have had, and src is aborted with that error. Strings that
// are not UTF-8 are changed, as encoding/json does.
func EncodeJSON[T any](src pull.Source[T]) pull.Source[[]byte] {
	up := stage.Of(src)
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	var line int64
	return func(ctx context.Context) ([]byte, error) {
		if up.Stopped {
			return nil, up.Refuse(ctx)
		}
		v, err := up.Src(ctx)
		if err != nil {
			return nil, up.End(err)
		}
		line++
		buf.Reset()
		up.Stopped = true // T may have a method of the user's, which may panic
		err = enc.Encode(v)
		up.Stopped = false
		if err != nil {
			return nil, up.Fail(ctx, refused(line, err))
		}
		return bytes.Clone(buf.Bytes()), nil
	}
}
