package window_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/weir-go/weir/pull"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errBroken = errors.New("broken")

// at gives value i moments[i] milliseconds after the first call, then end.
func at(end error, moments ...int) pull.Source[int] {
	var start time.Time
	i := -1
	return pull.From(func(ctx context.Context) (int, error) {
		if start.IsZero() {
			start = time.Now()
		}
		if i++; i == len(moments) {
			return 0, end
		}
		due := start.Add(time.Duration(moments[i]) * time.Millisecond)
		return i, wait(ctx, time.Until(due))
	}, nil)
}

// counted gives the numbers below n, then end.
func counted(n int, end error) pull.Source[int] {
	return at(end, make([]int, n)...)
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

var ends = []error{io.EOF, errBroken}
