package frame_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/pull"
)

// everyCut calls f with data in one chunk, in two at every place, with empty
// ones between, and in chunks of one byte.
func everyCut(data []byte, f func(chunks [][]byte)) {
	f([][]byte{data})
	f(sliced(data, []byte{1}))
	f(sliced(data, []byte{0, 1}))
	for i := range data {
		f([][]byte{data[:i], data[i:]})
	}
}

// cutAnyhow reads data through a through, however it is cut, and requires the
// same each time, without a change in what src owns.
func cutAnyhow[T any](
	t *testing.T, data []byte, f func(pull.Source[[]byte]) pull.Source[T], join func([]T) any,
) (want any, wantErr error) {
	t.Helper()
	first := true
	before := bytes.Clone(data)
	everyCut(data, func(chunks [][]byte) {
		up := &upstream[[]byte]{values: chunks}
		got, err := collect(f(up.source()))
		if first {
			first, want, wantErr = false, join(got), err
		}
		require.Equal(t, want, join(got), "%q", chunks)
		require.Equal(t, wantErr, err, "%q", chunks)
		require.Len(t, up.causes, 1)
	})
	require.Equal(t, before, data, "chunks are src's")
	return want, wantErr
}

// texts makes strings of messages.
func texts[M ~[]byte](msgs []M) any {
	all := []string{}
	for _, m := range msgs {
		all = append(all, string(m))
	}
	return all
}

// together joins chunks, whose boundaries mean nothing.
func together(chunks [][]byte) any { return string(bytes.Join(chunks, nil)) }
