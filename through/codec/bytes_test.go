package codec_test

import (
	"crypto/sha256"
	"encoding/base64"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/codec"
)

func TestBase64(t *testing.T) {
	data := []byte("\x00\xff any bytes, 23 of them")
	for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.RawURLEncoding,
		base64.StdEncoding.Strict(), base64.URLEncoding.WithPadding('*')} {
		decode := func(src pull.Source[[]byte]) pull.Source[[]byte] {
			return codec.DecodeBase64(src, enc)
		}
		encode := func(src pull.Source[[]byte]) pull.Source[[]byte] {
			return codec.EncodeBase64(src, enc)
		}
		for n := range data {
			text, err := cutAnyhow(t, data[:n], encode, together)
			require.NoError(t, err)
			require.Equal(t, enc.EncodeToString(data[:n]), text)
			lines := strings.ReplaceAll(text.(string), "B", "\r\nB\n")
			got, err := cutAnyhow(t, []byte(lines), decode, together)
			require.NoError(t, err)
			require.Equal(t, string(data[:n]), got)
			for k := 1; k < len(text.(string)); k++ {
				cut := text.(string)[:k]
				_, werr := enc.DecodeString(cut)
				_, err := collect(t, decode(pull.Values([]byte(cut))))
				if k%4 == 1 || werr != nil {
					require.Equal(t, io.ErrUnexpectedEOF, err, cut)
				}
			}
		}
	}
}

func TestBase64Refuses(t *testing.T) {
	for text, offset := range map[string]int64{"QUJD\nQ!JD": 6, "QUJD\nQU\n!J": 8, "QQ==\nQ": 5, "QQ==QQ==": 4, "=": 0} {
		got, err := cutAnyhow(t, []byte(text), func(src pull.Source[[]byte]) pull.Source[[]byte] {
			return codec.DecodeBase64(src, base64.StdEncoding)
		}, together)
		if text == "=" {
			assert.Equal(t, io.ErrUnexpectedEOF, err)
			continue
		}
		var bad *codec.DecodeError
		require.ErrorAs(t, err, &bad, text)
		assert.Equal(t, offset, bad.Offset, text)
		assert.Equal(t, base64.CorruptInputError(offset), bad.Err, "one place, not two")
		assert.NotEmpty(t, got)
	}
}

func TestHash(t *testing.T) {
	h := sha256.New()
	assert.Equal(t, "hello", string(joined(t, codec.Hash(chunked("hel", "lo"), h))))
	want := sha256.Sum256([]byte("hello"))
	assert.Equal(t, want[:], h.Sum(nil))
	verified := codec.Verify(chunked("hello"), sha256.New(), want[:])
	assert.Equal(t, "hello", string(joined(t, verified)))
	got, err := collect(t, codec.Verify(chunked("hallo"), sha256.New(), want[:]))
	assert.Equal(t, "hallo", together(got))
	require.ErrorIs(t, err, codec.ErrSum)
	assert.Contains(t, err.Error(), "not 2cf24dba")
}
