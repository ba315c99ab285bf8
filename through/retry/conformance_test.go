package retry_test

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
	"github.com/weir-go/weir/through/retry"
)

// TestConformance runs every source of the package through pulltest. A subtest
// is named after what it checks.
func TestConformance(t *testing.T) {
	t.Run("Source", sourceConforms)
}

func sourceConforms(t *testing.T) {
	for _, end := range []error{io.EOF, backoff.Permanent(errBroken)} {
		var lines []*line
		want := end
		if end != io.EOF {
			want = errBroken
		}
		from := func(first time.Duration) func() pull.Source[int] {
			return func() pull.Source[int] {
				l := &line{tries: []try{{2, errBroken}, {-1, io.ErrNoProgress}, {3, end}}}
				lines = append(lines, l)
				return retry.Source(l.open, retry.Options{Backoff: doubling(first)})
			}
		}
		pulltest.Source(t, from(time.Second), pulltest.SourceOptions[int]{
			Quick: from(time.Millisecond),
			Want:  []int{0, 1, 0, 1, 2},
			End:   want,
			Held: func() (held int) {
				for _, l := range lines {
					held += l.held
				}
				return held
			},
			Panic: func() pull.Source[int] {
				return retry.Source(func(context.Context) (pull.Source[int], error) {
					panic("boom")
				}, retry.Options{})
			},
		})
	}
	pulltest.Source(t, func() pull.Source[int] {
		l := &line{tries: []try{{2, errBroken}, {-1, errBroken}}} // waits longer and longer
		return retry.Source(l.open, retry.Options{Backoff: doubling(time.Second)})
	}, pulltest.SourceOptions[int]{Want: []int{0, 1}, Stalls: true})
}
