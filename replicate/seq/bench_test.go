package seq_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/seq"
)

// million is how many elements the large benchmarks write.
const million = 1_000_000

// benchList returns an empty list of values that cost little to encode.
func benchList(b testing.TB) (*replicate.Replica, *seq.List[string]) {
	typ := seq.TypeOf("seq/bytes")
	r := replicate.New(replicate.Config{Types: []replicate.Type{typ}})
	l, err := seq.OpenWith(r, "", replicate.Codec[string]{
		Type:   typ,
		Encode: func(s string) ([]byte, error) { return []byte(s), nil },
		Decode: func(b []byte) (string, error) { return string(b), nil },
	})
	require.NoError(b, err)
	return r, l
}

var sink []*[8]byte

// BenchmarkPush appends a million values of 8 bytes to a list; the floor is to
// append as many pointers to new ones to a slice, and apply is what the type
// takes of push.
func BenchmarkPush(b *testing.B) {
	perPush := func(b *testing.B) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/million, "ns/push")
	}
	b.Run("floor", func(b *testing.B) {
		for b.Loop() {
			sink = nil
			for range million {
				sink = append(sink, new([8]byte))
			}
		}
		perPush(b)
	})
	b.Run("push", func(b *testing.B) {
		for b.Loop() {
			_, l := benchList(b)
			for range million {
				_, _ = l.Push("12345678")
			}
		}
		perPush(b)
	})
	b.Run("apply", func(b *testing.B) {
		r, l := benchList(b)
		for range million {
			_, _ = l.Push("12345678")
		}
		h, err := r.Open(replicate.ObjectName{Type: "seq/bytes"})
		require.NoError(b, err)
		updates, err := pull.Collect(b.Context(), take(h, million))
		require.NoError(b, err)
		for b.Loop() {
			o := seq.TypeOf("seq/bytes").New()
			for _, u := range updates {
				o.Apply(u, func(*replicate.Update) {})
			}
		}
		perPush(b)
	})
}

// BenchmarkBySize makes random edits of, and look-ups in, lists of growing
// size: what is O(log n) grows by a constant from line to line.
func BenchmarkBySize(b *testing.B) {
	for n := 1000; n <= million; n *= 10 {
		_, l := benchList(b)
		rnd := rand.New(rand.NewPCG(1, 1))
		ids := make([]seq.ID, 0, n)
		for range n {
			id, err := l.Insert(rnd.IntN(l.Len()+1), "12345678")
			require.NoError(b, err)
			ids = append(ids, id)
		}
		any := func() seq.ID { return ids[rnd.IntN(n)] }
		for _, op := range []struct {
			name string
			f    func()
		}{
			{"at", func() { _, _ = l.At(rnd.IntN(n)) }},
			{"index", func() { _, _ = l.Index(any()) }},
			{"next", func() { _, _ = l.Next(any()) }},
			{"set", func() { _ = l.Set(any(), "87654321") }},
			{"insert", func() { _, _ = l.Insert(rnd.IntN(n), "12345678") }},
			{"move", func() { _ = l.Move(any(), rnd.IntN(n)) }},
		} {
			b.Run(fmt.Sprintf("%s/%d", op.name, n), func(b *testing.B) {
				for b.Loop() {
					op.f()
				}
			})
		}
	}
}

// BenchmarkConcurrent applies what two authors typed at one place, an update of
// each in turn, so that nearly all of one's run comes behind the other's.
func BenchmarkConcurrent(b *testing.B) {
	for n := 1000; n <= million; n *= 10 {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var updates []*replicate.Update
			for number := range 2 {
				s := newSite(b, byte(number+1))
				for range n / 2 {
					_, _ = s.l.Unshift(1)
				}
				all, err := pull.Collect(b.Context(), take(s.h, n/2))
				require.NoError(b, err)
				updates = append(updates, all...)
			}
			rnd := rand.New(rand.NewPCG(1, 1))
			rnd.Shuffle(n, func(i, j int) { updates[i], updates[j] = updates[j], updates[i] })
			for b.Loop() {
				stateOf(updates)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/update")
		})
	}
}

// BenchmarkMemory says what an element of 8 bytes takes: of the type, with its
// update, and with the replica's log; and what its op adds to the value.
func BenchmarkMemory(b *testing.B) {
	for _, way := range []string{"push", "random"} {
		b.Run(way, func(b *testing.B) {
			for b.Loop() {
				before := heap()
				r, l := benchList(b)
				rnd := rand.New(rand.NewPCG(1, 1))
				for i := range million {
					if way == "random" {
						i = rnd.IntN(i + 1)
					}
					_, _ = l.Insert(i, "12345678")
				}
				all := heap()
				b.ReportMetric(float64(all-before)/million, "B/element")
				h, err := r.Open(replicate.ObjectName{Type: "seq/bytes"})
				require.NoError(b, err)
				seq.Empty(h)
				b.ReportMetric(float64(all-heap())/million, "B/place")
				stats := 0
				src := r.Read(nil)
				for {
					chunk, err := src(b.Context())
					if err != nil {
						break
					}
					stats += len(chunk)
				}
				b.ReportMetric(float64(stats)/million, "wire-B/element")
				runtime.KeepAlive(l)
			}
		})
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
