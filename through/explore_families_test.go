package through_test

import (
	"encoding/base64"
	"testing"
	"time"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
	"github.com/weir-go/weir/through/codec"
	"github.com/weir-go/weir/through/fan"
	"github.com/weir-go/weir/through/frame"
	"github.com/weir-go/weir/through/timed"
	"github.com/weir-go/weir/through/window"
)

// explored tries random schedules of an operator of ints; a Goroutines
// operator reads ahead.
func explored[B any](t *testing.T, name string, op pull.Through[int, B], goroutines bool) {
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		opts := pulltest.ThroughOptions[int, B]{Goroutines: goroutines}
		if goroutines {
			opts.ReadAhead = 5000
		}
		pulltest.ExploreThrough(t, op, opts, pulltest.Exploration{Seed: 1, Runs: 100})
	})
}

// The delays of the explored roots are a millisecond or a minute, so that some
// of these are shorter and some longer.
const moment = 7 * time.Second

// row: I7
func TestTimeExplored(t *testing.T) {
	explored(t, "Debounce", func(src ints) ints { return timed.Debounce(src, moment, nil) }, true)
	explored(t, "Sample", func(src ints) ints { return timed.Sample(src, moment, nil) }, true)
	explored(t, "Throttle", func(src ints) ints {
		return timed.Throttle(src, moment, timed.Leading|timed.Trailing, nil)
	}, true)
	explored(t, "Delay", func(src ints) ints { return timed.Delay(src, moment, 2, nil) }, true)
	explored(t, "Batch", func(src ints) pull.Source[[]int] {
		return timed.Batch(src, 3, moment, nil)
	}, true)
	explored(t, "Latest", func(src ints) ints { return timed.Latest(src, nil) }, true)
	explored(t, "Conflate", func(src ints) ints {
		return timed.Conflate(src, 2, func(v int) int { return v % 3 }, nil)
	}, true)
	explored(t, "Timeout", func(src ints) ints { return timed.Timeout(src, moment) }, false)
	explored(t, "Deadline", func(src ints) ints { return timed.Deadline(src, moment) }, false)
	explored(t, "Every", func(src ints) pull.Source[window.Window[int]] {
		return window.Every(src, moment, 3, nil)
	}, true)
	explored(t, "Session", func(src ints) pull.Source[window.Window[int]] {
		return window.Session(src, moment, 3, nil)
	}, true)
	explored(t, "Sliding", func(src ints) pull.Source[[]int] {
		return window.Sliding(src, 3, 2)
	}, false)
}

// row: I7, F1, F2, F3
func TestJoinsExplored(t *testing.T) {
	explored(t, "Concat", func(src ints) ints {
		return fan.Concat(pull.Count(2), src, pull.Count(2))
	}, false)
	explored(t, "Merge", func(src ints) ints {
		return fan.Merge([]ints{pull.Count(3), src}, 2)
	}, true)
	explored(t, "MergeSorted", func(src ints) ints {
		return fan.MergeSorted([]ints{src, pull.Count(3)}, func(a, b int) int { return a - b })
	}, false)
	explored(t, "Interleave", func(src ints) ints {
		return fan.Interleave(pull.Count(3), src)
	}, false)
	explored(t, "Zip", func(src ints) pull.Source[fan.Pair[int, int]] {
		return fan.Zip(src, pull.Count(3))
	}, false)
	explored(t, "CombineLatest", func(src ints) pull.Source[fan.Pair[int, int]] {
		return fan.CombineLatest(src, pull.Count(3))
	}, true)
	explored(t, "Race", func(src ints) ints { return fan.Race(src, pull.Error[int](errBroken)) }, true)
}

// lineOf makes the root's value i of a decoder: a number in a line.
func lineOf(i int) []byte { return []byte{'0' + byte(i%10), '\n'} }

func decoded[B any](t *testing.T, name string, op pull.Through[[]byte, B]) {
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		pulltest.ExploreThrough(t, op, pulltest.ThroughOptions[[]byte, B]{
			Value: lineOf, ReadAhead: 5000,
		}, pulltest.Exploration{Seed: 1, Runs: 100})
	})
}

// row: I7
func TestBytesExplored(t *testing.T) {
	decoded(t, "Lines", func(src pull.Source[[]byte]) pull.Source[frame.Msg] {
		return frame.Lines(src, 100)
	})
	decoded(t, "Replace", func(src pull.Source[[]byte]) pull.Source[[]byte] {
		return frame.Replace(src, []byte("1\n2"), []byte("-"))
	})
	decoded(t, "UTF8", func(src pull.Source[[]byte]) pull.Source[[]byte] {
		return frame.UTF8(src, frame.UTF8Options{})
	})
	decoded(t, "JSON", func(src pull.Source[[]byte]) pull.Source[int] {
		return codec.DecodeJSON[int](src, codec.JSONOptions{})
	})
	decoded(t, "CSV", func(src pull.Source[[]byte]) pull.Source[[]string] {
		return codec.DecodeCSV(src, codec.CSVOptions{})
	})
	decoded(t, "Gzip", func(src pull.Source[[]byte]) pull.Source[[]byte] {
		return codec.Gunzip(codec.Gzip(src, codec.CompressOptions{}), codec.DecompressOptions{})
	})
	decoded(t, "Base64", func(src pull.Source[[]byte]) pull.Source[[]byte] {
		return codec.DecodeBase64(codec.EncodeBase64(src, base64.StdEncoding), base64.StdEncoding)
	})
}
