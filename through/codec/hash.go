package codec

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/stage"
)

// ErrSum is matched when bytes are not those that were expected.
var ErrSum = errors.New("codec: checksum differs")

// A SumError holds both checksums. It matches [ErrSum].
type SumError struct {
	Want []byte // the checksum that was expected
	Got  []byte // the checksum of what came
}

// Error returns both checksums in hexadecimal.
func (e *SumError) Error() string {
	return fmt.Sprintf("%v: %s, not %s", ErrSum, hex.EncodeToString(e.Got), hex.EncodeToString(e.Want))
}

// Unwrap returns ErrSum.
func (e *SumError) Unwrap() error { return ErrSum }

// Hash passes src's chunks on as they are, each after it was written to h. So
// h.Sum(nil) is the checksum of what was delivered, and of all of src once the
// source has ended with io.EOF. h must not be used during a call.
func Hash(src pull.Source[[]byte], h hash.Hash) pull.Source[[]byte] {
	return hashed(src, h, nil)
}

// Verify is [Hash], except that it ends with io.EOF only if h's checksum at
// src's end is want, and else with a [SumError]. The bytes have been delivered
// by then.
func Verify(src pull.Source[[]byte], h hash.Hash, want []byte) pull.Source[[]byte] {
	want = bytes.Clone(want)
	return hashed(src, h, func(got []byte) error {
		if bytes.Equal(got, want) {
			return io.EOF
		}
		return &SumError{Want: want, Got: got}
	})
}

func hashed(
	src pull.Source[[]byte], h hash.Hash, check func(sum []byte) error,
) pull.Source[[]byte] {
	up := stage.Of(src)
	return func(ctx context.Context) ([]byte, error) {
		if up.Stopped {
			return nil, up.Refuse(ctx)
		}
		chunk, err := up.Src(ctx)
		if err != nil {
			if err == io.EOF && check != nil {
				up.Gone(err)
				up.Stopped = true // h may panic
				err = check(h.Sum(nil))
			}
			return nil, up.End(err)
		}
		up.Stopped = true
		_, err = h.Write(chunk)
		up.Stopped = false
		if err != nil {
			return nil, up.Fail(ctx, malformed("hash", 0, err))
		}
		return chunk, nil
	}
}
