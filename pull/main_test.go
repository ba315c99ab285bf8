package pull_test

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.uber.org/goleak"

	"github.com/weir-go/weir/pull"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	errBoom  = errors.New("boom")
	errClose = errors.New("close failed")
)

// dead returns a context that is done because of cause.
func dead(cause error) context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(cause)
	return ctx
}

// A probe is a source of 0, 1, … that counts what happens to it.
type probe struct {
	n      int   // values before the end
	end    error // nil means a clean end
	close  error // of the release
	calls  int
	causes []error // one per release
}

func (p *probe) source() pull.Source[int] {
	i := 0
	src := pull.From(func(context.Context) (int, error) {
		p.calls++
		if i == p.n {
			if p.end != nil {
				return 0, p.end
			}
			return 0, io.EOF
		}
		i++
		return i - 1, nil
	}, func(cause error) error {
		p.causes = append(p.causes, cause)
		return p.close
	})
	return src
}

// released asserts that the probe was released exactly once, with cause.
func (p *probe) released(t *testing.T, cause error) {
	t.Helper()
	if assert.Len(t, p.causes, 1, "releases") {
		assert.ErrorIs(t, p.causes[0], cause)
	}
}

// small are all the sources that hold nothing from outside: each has the
// values 0, 1, 2.
func small() map[string]func() pull.Source[int] {
	return map[string]func() pull.Source[int]{
		"Values": func() pull.Source[int] { return pull.Values(0, 1, 2) },
		"Count":  func() pull.Source[int] { return pull.Count(3) },
		"FromSeq": func() pull.Source[int] {
			return pull.FromSeq(func(yield func(int) bool) {
				_ = yield(0) && yield(1) && yield(2)
			})
		},
		"FromChan": func() pull.Source[int] {
			ch := make(chan int, 3)
			ch <- 0
			ch <- 1
			ch <- 2
			close(ch)
			return pull.FromChan(ch)
		},
		"Generate": func() pull.Source[int] {
			return pull.Generate(func(_ context.Context, yield func(int) bool) error {
				_ = yield(0) && yield(1) && yield(2)
				return nil
			})
		},
		"From": func() pull.Source[int] { return (&probe{n: 3}).source() },
	}
}
