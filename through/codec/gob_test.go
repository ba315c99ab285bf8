package codec_test

import (
	"bytes"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/codec"
)

type event struct {
	At   time.Time
	Tags map[string][]int
}

func TestGob(t *testing.T) {
	var want []event
	for i := range 4 {
		tags := map[string][]int{"a": make([]int, 50*i+1)}
		want = append(want, event{time.Unix(int64(i), 0).UTC(), tags})
	}
	chunks, err := collect(t, codec.EncodeGob(pull.Values(want...)))
	require.NoError(t, err)
	require.Len(t, chunks, 4)
	data := bytes.Join(chunks, nil)
	read := func(src pull.Source[[]byte]) pull.Source[event] {
		return codec.DecodeGob[event](src, codec.GobOptions{})
	}
	got, err := cutAnyhow(t, data, read, all[event])
	require.NoError(t, err)
	require.Equal(t, want, got)
	ends := map[int]bool{0: true}
	for n, end := 0, 0; n < 4; n++ {
		end += len(chunks[n])
		ends[end] = true
	}
	for n := range data {
		_, err := collect(t, read(pull.Values(data[:n/2], data[n/2:n])))
		if ends[n] {
			require.NoError(t, err, n)
			continue
		}
		require.Equal(t, io.ErrUnexpectedEOF, err, n)
	}
}

func TestGobRefuses(t *testing.T) {
	read := func(src pull.Source[[]byte]) pull.Source[event] {
		return codec.DecodeGob[event](src, codec.GobOptions{MaxMessage: 1000})
	}
	_, err := cutAnyhow(t, []byte{0xf8, 0, 0, 0, 1, 0, 0, 0, 0}, read, all[event])
	assert.Equal(t, &codec.SizeError{Format: "gob", Max: 1000}, err)
	for _, bad := range [][]byte{{0x80, 1, 2}, {3, 1, 2, 3}, {1, 0}} {
		_, err = cutAnyhow(t, bad, read, all[event])
		var wrong *codec.DecodeError
		require.ErrorAs(t, err, &wrong, "%v", bad)
	}
	_, err = collect(t, codec.EncodeGob(pull.Values(func() {})))
	var wrong *codec.DecodeError
	require.ErrorAs(t, err, &wrong)
}
