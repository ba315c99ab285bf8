package frame

import (
	"bytes"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/stage"
)

// Replace puts to in the place of every from in src, the leftmost first and
// without overlaps, wherever src cuts its chunks: all chunks together are
// bytes.ReplaceAll of all chunks of src. An empty from replaces nothing. Where
// to is empty, so may be chunks, which are left out.
//
// It holds at most len(from)-1 bytes that may begin a from; they come as they
// are before src's end, and before its failure. Chunks belong to the receiver,
// also where src reuses its own.
func Replace(src pull.Source[[]byte], from, to []byte) pull.Source[[]byte] {
	return stage.Cut(src, &replacer{from: bytes.Clone(from), to: bytes.Clone(to)})
}

type replacer struct {
	from, to []byte
	rest     []byte // not yet looked at, or held; ours
	fresh    bool   // rest was fed since the last Scan
	ended    bool
}

func (r *replacer) Feed(chunk []byte) {
	r.rest = append(append(make([]byte, 0, len(r.rest)+len(chunk)), r.rest...), chunk...)
	r.fresh = true
}

func (r *replacer) End(bool) { r.ended, r.fresh = true, true }

func (r *replacer) Scan() ([]byte, bool, error) {
	if !r.fresh {
		return nil, false, nil
	}
	r.fresh = false
	var out []byte
	for len(r.from) > 0 {
		i := bytes.Index(r.rest, r.from)
		if i < 0 {
			break
		}
		out = append(append(out, r.rest[:i]...), r.to...)
		r.rest = r.rest[i+len(r.from):]
	}
	n := len(r.rest)
	if !r.ended {
		n -= overlap(r.rest, r.from)
	}
	if out == nil {
		out = r.rest[:n:n]
	} else {
		out = append(out, r.rest[:n]...)
	}
	r.rest = r.rest[n:]
	return out, len(out) > 0, nil
}
