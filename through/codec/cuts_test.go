package codec_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/pull"
)

// cutInto cuts data into chunks of size bytes, of which every third is empty.
func cutInto(data []byte, size int) (chunks [][]byte) {
	for len(data) > 0 {
		n := min(max(size, 1), len(data))
		chunks = append(chunks, data[:n:n])
		if data = data[n:]; len(chunks)%3 == 2 {
			chunks = append(chunks, nil)
		}
	}
	return chunks
}

// cutAnyhow reads data in every two chunks and byte by byte, and wants the same
// each time: join tells what of it matters.
func cutAnyhow[T any](
	t *testing.T, data []byte, f pull.Through[[]byte, T], join func([]T) any,
) (any, error) {
	t.Helper()
	before := bytes.Clone(data)
	read := func(chunks ...[]byte) (any, error) {
		ended := 0
		src := pull.From(pull.Values(chunks...), func(error) error { ended++; return nil })
		got, err := collect(t, f(src))
		require.Equal(t, 1, ended)
		return join(got), err
	}
	want, wantErr := read(data)
	for i := range data {
		got, err := read(data[:i], data[i:])
		require.Equal(t, want, got, "cut at %d", i)
		require.Equal(t, wantErr, err, "cut at %d", i)
	}
	got, err := read(cutInto(data, 1)...)
	require.Equal(t, want, got)
	require.Equal(t, wantErr, err)
	require.Equal(t, before, data, "chunks are src's")
	return want, wantErr
}

func all[T any](values []T) any    { return append([]T{}, values...) }
func together(chunks [][]byte) any { return string(bytes.Join(chunks, nil)) }
func joined(t *testing.T, src pull.Source[[]byte]) []byte {
	t.Helper()
	chunks, err := pull.Collect(context.Background(), src)
	require.NoError(t, err)
	return bytes.Join(chunks, nil)
}

// collect reads src to its end.
func collect[T any](t *testing.T, src pull.Source[T]) ([]T, error) {
	return pull.Collect(t.Context(), src)
}

// chunked is a source of chunks.
func chunked(chunks ...string) pull.Source[[]byte] {
	var all [][]byte
	for _, chunk := range chunks {
		all = append(all, []byte(chunk))
	}
	return pull.Values(all...)
}
