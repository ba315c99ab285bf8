package pulltest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
)

// A recorder is a test that collects its failures.
type recorder struct {
	testing.TB
	failures []string
	cleanups []func()
}

func (r *recorder) Helper()          {}
func (r *recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }

func (r *recorder) Errorf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

// guarded runs f with a guarded source, and returns what the guard said.
func guarded(f func(src pull.Source[int])) []string {
	r := &recorder{}
	f(pulltest.Guard(r, pull.Count(3)))
	for _, cleanup := range r.cleanups {
		cleanup()
	}
	return r.failures
}

func TestGuardPasses(t *testing.T) {
	assert.Empty(t, guarded(func(pull.Source[int]) {}), "never read")
	assert.Empty(t, guarded(func(src pull.Source[int]) {
		vs, err := pull.Collect(t.Context(), src)
		assert.NoError(t, err)
		assert.Equal(t, []int{0, 1, 2}, vs)
	}), "read to its end")
	assert.Empty(t, guarded(func(src pull.Source[int]) {
		_, _ = src(t.Context())
		assert.NoError(t, pull.Abort(src, nil))
	}), "aborted")
}

func TestGuardReports(t *testing.T) {
	for want, misuse := range map[string]func(src pull.Source[int]){
		"neither ended nor aborted": func(src pull.Source[int]) { _, _ = src(t.Context()) },
		"read after its end": func(src pull.Source[int]) {
			_ = pull.Drain(t.Context(), src)
			_, _ = src(t.Context())
		},
		"after it had ended": func(src pull.Source[int]) {
			_ = pull.Drain(t.Context(), src)
			_ = pull.Abort(src, nil)
		},
		"aborted twice": func(src pull.Source[int]) {
			_ = pull.Abort(src, nil)
			_ = pull.Abort(src, errors.New("again"))
		},
	} {
		found := guarded(misuse)
		if assert.Len(t, found, 1, want) {
			assert.Contains(t, found[0], want)
		}
	}
}

// row: A8
// rule: 1.10, 2.7
func TestGuardReportsOverlap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{}
		src := pulltest.Guard(r, func(context.Context) (int, error) {
			time.Sleep(time.Second)
			return 1, nil
		})
		go func() { _, _ = src(t.Context()) }()
		synctest.Wait()
		_, _ = src(t.Context())
		assert.Equal(t, []string{`law "one at a time" broken by the reader of a guarded ` +
			`source: 2 calls overlap`}, r.failures)
	})
}
