package codec_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/codec"
)

// row: G12
func TestBytesInAValueAreText(t *testing.T) {
	type blob struct{ Data []byte }
	out, err := pull.Collect(t.Context(), codec.EncodeJSON(pull.Values(blob{[]byte("hi\xff")})))
	require.NoError(t, err)
	require.Len(t, out, 1)
	assert.Equal(t, "{\"Data\":\"aGn/\"}\n", string(out[0]), "base64, as encoding/json has it")
	back, err := pull.Collect(t.Context(),
		codec.DecodeJSON[blob](pull.Values(out...), codec.JSONOptions{}))
	require.NoError(t, err)
	assert.Equal(t, []blob{{[]byte("hi\xff")}}, back)
}
