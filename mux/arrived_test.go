package mux_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/mux"
	"github.com/weir-go/weir/mux/internal/wire"
)

// What comes in small pieces and is not read takes no more than twice its
// number of bytes, and a little, also where the reader lends.
func TestSingleBytesAreHeldTogether(t *testing.T) {
	for _, size := range []int{1, 4<<10 - 1, 4 << 10, 16 << 10, 16<<10 + 1} {
		for _, lend := range []bool{false, true} {
			t.Run(fmt.Sprint(size, " lend ", lend), func(t *testing.T) { holdPieces(t, size, lend) })
		}
	}
}

func holdPieces(t *testing.T, size int, lend bool) {
	bubble(t, func(t *testing.T) {
		const most, batch = 200_000, 2000
		r, server := rawClient(t, mux.Config{})
		st := r.open(server, "")
		if lend {
			r.write(dataFrame(0, 3, []byte("x")))
			_, err := st.Reused().Source(t.Context())
			require.NoError(t, err)
		}
		n := max(1, batch/size)
		frames := bytes.Repeat(dataFrame(0, 3, bytes.Repeat([]byte("x"), size)), n)
		before := live()
		held := 0
		for ; held+n*size <= most; held += n * size {
			r.write(frames)
		}
		settle()
		require.Equal(t, held, st.Stats().Held)
		require.Less(t, live()-before, int64(3*held))
		_ = server.Abort(nil)
	})
}

// Pieces of all sizes, joined or not, arrive as they were sent, in chunks of at
// most 32 KiB, whether the reader is before or behind them.
func TestPiecesOfAnySize(t *testing.T) {
	for _, lend := range []bool{false, true} {
		bubble(t, func(t *testing.T) {
			r, server := rawClient(t, mux.Config{})
			st := r.open(server, "")
			src := st.Duplex().Source
			if lend {
				src = st.Reused().Source
			}
			random := rand.New(rand.NewPCG(1, 2))
			data, at := noise(1<<20), 0
			var got, last []byte // last is valid until the next call
			next := func() error {
				got = append(got, last...)
				chunk, err := src(t.Context())
				require.LessOrEqual(t, len(chunk), 32<<10)
				last = chunk
				return err
			}
			for at < len(data) {
				for range 1 + random.IntN(3) {
					n := min(len(data)-at, 1+random.IntN(1<<random.IntN(17)))
					r.write(dataFrame(0, 3, data[at:at+n]))
					at += n
				}
				settle()
				for keep := random.IntN(2) * random.IntN(60_000); st.Stats().Held > keep; {
					require.NoError(t, next())
				}
			}
			r.write(control(wire.Message{
				Kind: wire.End, ID: 3, Offset: uint64(len(head("raw")) + len(data)),
			}))
			err := next()
			for err == nil {
				err = next()
			}
			require.Equal(t, io.EOF, err)
			require.True(t, bytes.Equal(data, got))
			_ = server.Abort(nil)
		})
	}
}
