package frame_test

import (
	"context"
	"io"
	"testing"

	"github.com/weir-go/weir/pull"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// upstream is a source of chunks that counts how it was ended.
type upstream[T any] struct {
	values []T
	end    error // after the values; nil means io.EOF
	causes []error
}

func (u *upstream[T]) source() pull.Source[T] {
	values, end := u.values, u.end
	if end == nil {
		end = io.EOF
	}
	return pull.From(func(context.Context) (v T, err error) {
		if len(values) == 0 {
			return v, end
		}
		v, values = values[0], values[1:]
		return v, nil
	}, func(cause error) error {
		u.causes = append(u.causes, cause)
		return nil
	})
}

// collect reads src to its end; a clean end is nil.
func collect[T any](src pull.Source[T]) (got []T, err error) {
	for v, err := src(context.Background()); ; v, err = src(context.Background()) {
		if err == io.EOF {
			return got, nil
		}
		if err != nil {
			return got, err
		}
		got = append(got, v)
	}
}

// sliced cuts data into chunks of the given sizes, round and round; zeros give
// empty chunks.
func sliced(data []byte, sizes []byte) [][]byte {
	var chunks [][]byte
	if len(sizes) == 0 {
		sizes = []byte{1}
	}
	for i, zeros := 0, 0; len(data) > 0; i++ {
		n := min(int(sizes[i%len(sizes)]), len(data))
		if zeros++; n == 0 && zeros > len(sizes) {
			n = 1
		}
		if n > 0 {
			zeros = 0
		}
		chunks = append(chunks, append([]byte{}, data[:n]...))
		data = data[n:]
	}
	return chunks
}
