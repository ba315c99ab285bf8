package codec_test

import (
	"encoding/csv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/codec"
)

// An error inside a record of several lines says in which of all the input's
// lines the record begins, and in which the error is.
func TestCSVErrorSaysItsLine(t *testing.T) {
	src := pull.Values([]byte("a,b\n\"x\n\ny\" z,1\n"))
	_, err := pull.Collect(t.Context(), codec.DecodeCSV(src, codec.CSVOptions{}))
	var wrong *csv.ParseError
	require.ErrorAs(t, err, &wrong)
	require.Equal(t, 2, wrong.StartLine)
	require.Equal(t, 4, wrong.Line)
}
