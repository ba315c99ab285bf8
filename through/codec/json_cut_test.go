package codec_test

import (
	"encoding/json"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through"
	"github.com/weir-go/weir/through/codec"
	"github.com/weir-go/weir/through/frame"
)

// Who wants the good lines only, and to know of the bad ones, reads lines.
// row: G11
func TestJSONLinesPastABadOne(t *testing.T) {
	bad := 0
	lines := frame.Lines(pull.Values([]byte("1\nnope\n[2"), []byte("]\n{")), 100)
	good := through.FilterMap(lines, func(line frame.Msg) (json.RawMessage, bool) {
		if !json.Valid(line) {
			bad++
			return nil, false
		}
		return json.RawMessage(line), true
	})
	got, err := collect(t, good)
	require.NoError(t, err)
	assert.Equal(t, []string{"1", "[2]"}, raws(got))
	assert.Equal(t, 2, bad)
}

// Whatever is cut off, the rest of a line never passes for a value nor for an
// end, and is told from a line that was wrong.
func TestJSONCutAtEveryByte(t *testing.T) {
	const whole = `{"k":"aé€😀","n":[1,true,null]}`
	for n := 1; n < len(whole); n++ {
		_, err := pull.Collect(t.Context(),
			codec.DecodeJSON[any](pull.Values([]byte(whole[:n])), codec.JSONOptions{}))
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, "%q", whole[:n])
		var bad *codec.LineError
		require.ErrorAs(t, err, &bad)
	}
	for _, wrong := range []string{"nope", "{}}", "\xff{", "{\"a\":\xc3\x28}"} {
		_, err := pull.Collect(t.Context(),
			codec.DecodeJSON[any](pull.Values([]byte(wrong)), codec.JSONOptions{}))
		require.Error(t, err)
		require.NotErrorIs(t, err, io.ErrUnexpectedEOF, "%q", wrong)
	}
}
