package timed_test

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

// A script gives value i at[i] after its first call, then ends.
type script struct {
	at  []time.Duration
	end error // nil: io.EOF

	start  time.Time
	given  int
	causes []error
}

func ms(at ...int) *script {
	s := &script{}
	for _, n := range at {
		s.at = append(s.at, time.Duration(n)*time.Millisecond)
	}
	return s
}

func (s *script) source() pull.Source[int] {
	return pull.From(func(ctx context.Context) (int, error) {
		if s.start.IsZero() {
			s.start = time.Now()
		}
		switch {
		case s.given == len(s.at) && s.end != nil:
			return 0, s.end
		case s.given == len(s.at):
			return 0, io.EOF
		}
		if err := wait(ctx, time.Until(s.start.Add(s.at[s.given]))); err != nil {
			return 0, err
		}
		s.given++
		return s.given - 1, nil
	}, func(cause error) error {
		s.causes = append(s.causes, cause)
		return nil
	})
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// A seen is a value, and how many milliseconds after the first call it came.
type seen struct{ v, at int }

// watch reads src to its end; after each value it is busy for a while.
func watch(t *testing.T, src pull.Source[int], busy time.Duration) ([]seen, error) {
	var all []seen
	start := time.Now()
	for {
		v, err := src(t.Context())
		if err != nil {
			return all, err
		}
		all = append(all, seen{v, int(time.Since(start) / time.Millisecond)})
		_ = wait(t.Context(), busy)
	}
}
