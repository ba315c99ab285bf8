package fan_test

import (
	"context"
	"errors"
	"io"
	"testing"

	"go.uber.org/goleak"

	"github.com/weir-go/weir/pull"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	errBroken  = errors.New("broken")
	errRelease = errors.New("release failed")
)

// A root counts up to n, then ends with end (nil: it stalls), and notes why it
// was released.
type root struct {
	n       int
	end     error
	release error // what releasing returns

	pulled int
	causes []error
}

func (r *root) source() pull.Source[int] {
	return pull.From(func(ctx context.Context) (int, error) {
		if r.pulled < r.n {
			r.pulled++
			return r.pulled - 1, nil
		}
		if r.end == nil {
			<-ctx.Done()
			return 0, ctx.Err()
		}
		return 0, r.end
	}, func(cause error) error {
		r.causes = append(r.causes, cause)
		return r.release
	})
}

// ending is a root of n values and a clean end.
func ending(n int) *root { return &root{n: n, end: io.EOF} }

// dead is a context that is done because of errBroken.
func dead() context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errBroken)
	return ctx
}

// panicking is src, except that its fourth call panics.
func panicking(src pull.Source[int]) pull.Source[int] {
	calls := 0
	return func(ctx context.Context) (int, error) {
		if calls++; calls == 4 {
			panic("boom")
		}
		return src(ctx)
	}
}

func panicAt3(n int) int {
	if n == 3 {
		panic("boom")
	}
	return n
}

func panicAlways(int) int { panic("boom") }

func same[T any](in []T) []T { return in }
