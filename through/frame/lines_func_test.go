package frame_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through"
	"github.com/weir-go/weir/through/frame"
)

// Long lines are told with their number, beginning and length, and are left
// out or cut short; the others are what Lines makes of them.
// row: G6
func TestLinesFunc(t *testing.T) {
	const in = "ok\n123456\r\n\n12345\r\n12345\r\r\n1234567"
	for size := 1; size < 40; size++ {
		for _, cut := range []bool{false, true} {
			var told []string
			src := frame.LinesFunc(pull.Values(sliced([]byte(in), []byte{byte(size)})...), 5,
				func(l frame.LongLine) (frame.Msg, error) {
					told = append(told, fmt.Sprintf("%d %q %d", l.Line, l.Head, l.Len))
					if cut {
						return l.Head, nil
					}
					return nil, nil
				})
			got, err := pull.Collect(t.Context(), src)
			require.NoError(t, err)
			want := "ok||12345"
			if cut {
				want = "ok|12345||12345|12345|12345"
			}
			require.Equal(t, want, string(bytes.Join(bytesOf(got), []byte("|"))), "by %d", size)
			require.Equal(t, []string{`2 "12345" 6`, `5 "12345" 6`, `6 "12345" 7`}, told)
		}
	}
}

func bytesOf(lines []frame.Msg) (out [][]byte) {
	for _, m := range lines {
		out = append(out, m)
	}
	return out
}

// What is behind the bound of an endless line is not kept.
func TestLinesFuncMemoryIsBounded(t *testing.T) {
	chunk := bytes.Repeat([]byte("x"), 1<<16)
	res := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			fed := through.Take(pull.Forever(func() []byte { return chunk }), 1000)
			_, err := pull.Collect(context.Background(), frame.LinesFunc(fed, 1000,
				func(l frame.LongLine) (frame.Msg, error) {
					require.EqualValues(b, 1000<<16, l.Len)
					return nil, nil
				}))
			require.NoError(b, err)
		}
	})
	assert.Less(t, res.AllocedBytesPerOp(), int64(10_000))
}

func TestLinesFuncFails(t *testing.T) {
	for _, bad := range []error{io.EOF, assert.AnError} {
		up := &upstream[[]byte]{values: [][]byte{[]byte("a\nlong\nb")}}
		got, err := collect(frame.LinesFunc(up.source(), 3,
			func(frame.LongLine) (frame.Msg, error) { return nil, bad }))
		assert.Equal(t, []frame.Msg{frame.Msg("a")}, got)
		require.Error(t, err)
		assert.NotErrorIs(t, err, io.EOF)
		assert.Equal(t, bad != io.EOF, errors.Is(err, bad))
		assert.Len(t, up.causes, 1)
	}
}

// With a function that fails, LinesFunc is Lines; with one that cuts, each line
// is the beginning of the whole one.
func FuzzLinesFunc(f *testing.F) {
	f.Add([]byte("a\r\n\nabcdef\nxyz\r"), []byte{2})
	f.Add([]byte("abcd\r\nabcd\rx"), []byte{1, 3})
	f.Fuzz(func(t *testing.T, data, sizes []byte) {
		const most = 4
		chunks := func() pull.Source[[]byte] { return pull.Values(sliced(data, sizes)...) }
		want, wantErr := collect(frame.Lines(pull.Values(data), most))
		got, err := collect(frame.LinesFunc(chunks(), most,
			func(l frame.LongLine) (frame.Msg, error) {
				return nil, &frame.LineError{Line: l.Line, Max: most}
			}))
		require.Equal(t, wantErr, err)
		require.Equal(t, want, got)
		whole, err := collect(frame.Lines(pull.Values(data), len(data)))
		require.NoError(t, err)
		var lens []int64
		cut, err := collect(frame.LinesFunc(chunks(), most,
			func(l frame.LongLine) (frame.Msg, error) {
				lens = append(lens, l.Len)
				return l.Head, nil
			}))
		require.NoError(t, err)
		require.Len(t, cut, len(whole))
		for i, line := range whole {
			require.Equal(t, string(line[:min(most, len(line))]), string(cut[i]))
			if len(line) > most {
				require.EqualValues(t, len(line), lens[0])
				lens = lens[1:]
			}
		}
		require.Empty(t, lens)
	})
}

// Lines of more than 8 bytes are reported, and the others read.
func ExampleLinesFunc() {
	log := pull.Values([]byte("one\ntwo two two "), []byte("two\nthree\n"))
	lines := frame.LinesFunc(log, 8, func(l frame.LongLine) (frame.Msg, error) {
		fmt.Printf("line %d has %d bytes: %s…\n", l.Line, l.Len, l.Head)
		return nil, nil
	})
	for line, err := range lines.All(context.Background()) {
		fmt.Println(strings.ToUpper(string(line)), err)
	}
	// Output:
	// ONE <nil>
	// line 2 has 15 bytes: two two …
	// THREE <nil>
}
