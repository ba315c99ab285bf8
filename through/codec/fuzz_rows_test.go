package codec_test

import (
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/codec"
)

// Rows are the records under their header, and a text that does not fit its
// field is refused with the number of its row.
func FuzzCSVRows(f *testing.F) {
	f.Add([]byte("Name,N,X\na,1,0.5\n\"b\nc\",,\n"), byte(2))
	f.Add([]byte("Name,Name\na,b\n"), byte(1))
	f.Add([]byte("N\n12\n9999999999999999999\n"), byte(3))
	f.Add([]byte("On,N\ntrue,1\n\nyes,2"), byte(5))
	f.Fuzz(func(t *testing.T, data []byte, size byte) {
		opts := codec.CSVOptions{MaxRecord: 1000}
		records, recordsErr := pull.Collect(t.Context(), codec.DecodeCSV(pull.Values(data), opts))
		maps, err := eitherWay(t, data, size, func(src pull.Source[[]byte]) pull.Source[map[string]string] {
			return codec.DecodeCSVRows[map[string]string](src, opts)
		}, all[map[string]string])
		if !errors.Is(err, codec.ErrHeader) {
			require.Equal(t, recordsErr, err)
			require.Len(t, maps, max(0, len(records)-1))
		}
		for i, row := range maps {
			for k, name := range records[0] {
				require.Equal(t, records[i+1][k], row[name])
			}
		}
		type typed struct {
			Name string
			N    int8
			X    float64
			On   bool
		}
		rows, err := pull.Collect(t.Context(), codec.DecodeCSVRows[typed](pull.Values(data), opts))
		require.LessOrEqual(t, len(rows), max(0, len(records)-1))
		require.NotErrorIs(t, err, io.EOF)
		var bad *codec.RowError
		switch {
		case errors.As(err, &bad):
			require.Equal(t, int64(len(rows))+1, bad.Row)
		case !errors.Is(err, codec.ErrHeader):
			require.Equal(t, recordsErr, err)
		}
	})
}
