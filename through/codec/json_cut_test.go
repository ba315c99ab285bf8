package codec_test

import (
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/codec"
)

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
