package through_test

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/weir-go/weir/pull"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errBroken = errors.New("broken")

// A root counts up to n, then ends with end (nil: io.EOF), and notes its calls.
type root struct {
	n       int
	end     error
	release error // what releasing returns

	pulled int
	causes []error
}

func (r *root) source() pull.Source[int] {
	return pull.From(func(context.Context) (int, error) {
		if r.pulled < r.n {
			r.pulled++
			return r.pulled - 1, nil
		}
		if r.end == nil {
			return 0, io.EOF
		}
		return 0, r.end
	}, func(cause error) error {
		r.causes = append(r.causes, cause)
		return r.release
	})
}

// dead is a context that is done because of errBroken.
func dead() context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errBroken)
	return ctx
}
