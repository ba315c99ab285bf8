package frame_test

import (
	"bufio"
	"bytes"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/through/frame"
)

const fuzzMax = 200

// Any input, cut anyhow, gives what Parse gives on the whole; a message read
// is the message written.
func FuzzDecode(f *testing.F) {
	good := frame.Append(frame.Append(nil, []byte("hello")), make([]byte, 150))
	f.Add(good, []byte{3})
	f.Add(good[:len(good)-1], []byte{0, 1})
	f.Add(append([]byte{0x80, 0}, good...), []byte{255})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0x0f}, []byte{2})
	f.Add([]byte{0, 0x51, 0x53, 0x7d, 0x52, 0xc9, 1}, []byte{4})
	f.Fuzz(func(t *testing.T, data, sizes []byte) {
		var want []frame.Msg
		var wantErr error
		rest := data
		for len(rest) > 0 {
			payload, n, err := frame.Parse(rest, fuzzMax)
			if wantErr = err; err != nil {
				break
			}
			require.Equal(t, rest[:n], frame.Append(nil, payload), "one encoding each")
			want = append(want, frame.Msg(payload))
			rest = rest[n:]
		}
		up := &upstream[[]byte]{values: sliced(data, sizes)}
		got, err := collect(frame.Decode(up.source(), fuzzMax))
		require.Equal(t, len(want), len(got))
		for i := range want {
			require.True(t, bytes.Equal(want[i], got[i]))
		}
		require.IsType(t, wantErr, err)
		require.Len(t, up.causes, 1)
	})
}

// What was written and then cut never ends cleanly inside a frame.
func FuzzTruncated(f *testing.F) {
	f.Add([]byte("hello"), []byte("world"), uint(3), []byte{2})
	f.Add([]byte{}, make([]byte, 200), uint(5), []byte{1})
	f.Fuzz(func(t *testing.T, a, b []byte, cut uint, sizes []byte) {
		msgs := &upstream[frame.Msg]{values: []frame.Msg{a, b}}
		chunks, err := collect(frame.Encode(msgs.source(), 1<<20))
		require.NoError(t, err)
		data := bytes.Join(chunks, nil)
		n := int(cut % uint(len(data)+1))
		up := &upstream[[]byte]{values: sliced(data[:n], sizes)}
		got, err := collect(frame.Decode(up.source(), 1<<20))
		switch n {
		case 0, len(chunks[0]), len(data):
			require.NoError(t, err)
		default:
			require.Equal(t, io.ErrUnexpectedEOF, err)
		}
		for i, want := range [][]byte{a, b}[:len(got)] {
			require.True(t, bytes.Equal(want, got[i]))
		}
	})
}

// Lines, cut anyhow, are the lines of bufio.Scanner.
func FuzzLines(f *testing.F) {
	f.Add([]byte("a\r\nb\n\nc"), []byte{1, 0})
	f.Add([]byte("\r\r\n\r"), []byte{2})
	f.Add(bytes.Repeat([]byte("x"), fuzzMax+1), []byte{200, 1})
	f.Fuzz(func(t *testing.T, data, sizes []byte) {
		var want []string
		long := false
		scan := bufio.NewScanner(bytes.NewReader(data))
		scan.Buffer(nil, len(data)+2)
		for !long && scan.Scan() {
			if long = len(scan.Bytes()) > fuzzMax; !long {
				want = append(want, scan.Text())
			}
		}
		up := &upstream[[]byte]{values: sliced(data, sizes)}
		got, err := collect(frame.Lines(up.source(), fuzzMax))
		require.Equal(t, len(want), len(got))
		for i := range want {
			require.Equal(t, want[i], string(got[i]))
		}
		if !long {
			require.NoError(t, err)
			return
		}
		require.Equal(t, &frame.LineError{Line: int64(len(want)) + 1, Max: fuzzMax}, err)
	})
}
