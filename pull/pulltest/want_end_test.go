package pulltest_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
)

// counts passes values on, and behind a clean end their number; no values are
// a failure. looks says that an abort before the end is told is one.
func counts(looks bool) func(pull.Source[int]) pull.Source[int] {
	return func(src pull.Source[int]) pull.Source[int] {
		n, due, end := 0, false, error(nil)
		return func(ctx context.Context) (v int, err error) {
			switch {
			case end != nil:
				return 0, end
			case due && looks && ctx.Err() != nil:
				end = pull.Cause(ctx)
				return 0, end
			case due:
				end = io.EOF
				return 0, end
			}
			v, err = src(ctx)
			switch {
			case err == nil:
				n++
			case err == io.EOF && n > 0:
				due = true
				return n, nil
			case err == io.EOF:
				end = io.ErrUnexpectedEOF
			default:
				end = err
			}
			return v, end
		}
	}
}

func counted(in []int, end error) ([]int, error) {
	if end != io.EOF {
		return in, nil
	}
	if len(in) == 0 {
		return nil, io.ErrUnexpectedEOF
	}
	return append(in, len(in)), nil
}

// A through may make more of an end than an end.
func TestWantEnd(t *testing.T) {
	opts := pulltest.ThroughOptions[int, int]{WantEnd: counted}
	pulltest.Through(t, counts(true), opts)
	pulltest.ExploreThrough(t, counts(true), opts, pulltest.Exploration{Seed: 1})
	says(t, "want unexpected EOF", pulltest.CheckThrough(t, readsThrough, opts))
	opts.WantEnd = func(in []int, end error) ([]int, error) { return in, nil }
	says(t, "the root ended cleanly, the through with unexpected EOF",
		pulltest.CheckThrough(t, counts(true), opts))
}

// An abort that a stage answers with io.EOF since its source has ended is told
// as that, with a schedule that has the abort.
func TestAbortAfterTheSourcesEnd(t *testing.T) {
	found := pulltest.CheckThrough(t, counts(false),
		pulltest.ThroughOptions[int, int]{WantEnd: counted})
	require.NotEmpty(t, found)
	for _, v := range found {
		assert.Equal(t, "abort", v.Law, "%v", v)
		assert.Contains(t, v.Schedule, "abort")
		assert.Contains(t, v.Detail, "the root had ended, but not yet the stage")
	}
}

// splits cuts chunks at spaces, and looks at its context only when it needs a
// chunk: which shows when one has several.
func splits(src pull.Source[[]byte]) pull.Source[[]byte] {
	var rest []byte
	var end error
	return func(ctx context.Context) ([]byte, error) {
		for end == nil {
			if i := bytes.IndexByte(rest, ' '); i >= 0 {
				word := rest[:i:i]
				rest = rest[i+1:]
				return word, nil
			}
			var chunk []byte
			if chunk, end = src(ctx); end == nil {
				rest = append(bytes.Clone(rest), chunk...)
			}
		}
		return nil, end
	}
}

func TestChunksAreJoined(t *testing.T) {
	found := pulltest.CheckThrough(t, splits, pulltest.ThroughOptions[[]byte, []byte]{
		Value: func(i int) []byte { return fmt.Appendf(nil, "%d ", i) }})
	says(t, "an abort was answered with the value", found)
	for _, v := range found {
		assert.Contains(t, v.Schedule, "each joined of 24")
	}
}

// A goroutine left for each value is told briefly, and soon.
func TestManyGoroutinesLeft(t *testing.T) {
	found := pulltest.CheckThrough(t, func(src pull.Source[int]) pull.Source[int] {
		var end error
		return func(ctx context.Context) (v int, err error) {
			if end == nil {
				go time.Sleep(time.Hour)
				v, end = src(ctx)
			}
			return v, end
		}
	}, passes)
	require.NotEmpty(t, found)
	text := fmt.Sprint(found)
	assert.Less(t, len(text), 10_000)
	assert.Contains(t, text, "of github.com/weir-go/weir/pull/pulltest_test.TestManyGoroutinesLeft")
	assert.Equal(t, 1, strings.Count(text, "were not run"))
}
