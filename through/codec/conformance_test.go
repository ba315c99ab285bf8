package codec_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
	"github.com/weir-go/weir/through"
	"github.com/weir-go/weir/through/codec"
)

// TestConformance runs every through of the package through pulltest. A
// subtest is named after what it checks.
func TestConformance(t *testing.T) {
	t.Run("EncodeJSON", encodeConforms)
	t.Run("DecodeJSON", decodeConforms)
	t.Run("JSONPath", jsonPathConforms)
	t.Run("JSONEntries", jsonEntriesConforms)
	t.Run("DecodeJSON/OnError", skippingJSONConforms)
	t.Run("DecodeCSV", decodeCSVConforms)
	t.Run("DecodeCSV/OnError", skippingCSVConforms)
	t.Run("DecodeCSVRows", decodeCSVRowsConforms)
	t.Run("EncodeCSV", encodeCSVConforms)
	t.Run("DecodeGob", decodeGobConforms)
	t.Run("EncodeGob", encodeGobConforms)
	t.Run("DecodeBase64", decodeBase64Conforms)
	t.Run("EncodeBase64", encodeBase64Conforms)
	t.Run("Gunzip", gunzipConforms)
	t.Run("Unzlib", func(t *testing.T) { unpackConforms(t, codec.Zlib, codec.Unzlib) })
	t.Run("Inflate", func(t *testing.T) { unpackConforms(t, codec.Deflate, codec.Inflate) })
	t.Run("Gzip", func(t *testing.T) { packConforms(t, codec.Gzip) })
	t.Run("Zlib", func(t *testing.T) { packConforms(t, codec.Zlib) })
	t.Run("Deflate", func(t *testing.T) { packConforms(t, codec.Deflate) })
	t.Run("Hash", hashConforms)
	t.Run("Verify", verifyConforms)
}

func encodeConforms(t *testing.T) {
	oddly := func(as odd) pull.Through[int, []byte] {
		return func(src pull.Source[int]) pull.Source[[]byte] {
			return codec.EncodeJSON(through.Map(src, func(n int) odd {
				if n == 2 {
					return as
				}
				return "ok"
			}))
		}
	}
	pulltest.Through(t, codec.EncodeJSON[int], pulltest.ThroughOptions[int, []byte]{
		Want: func(in []int) (out [][]byte) {
			for _, n := range in {
				out = append(out, fmt.Appendf(nil, "%d\n", n))
			}
			return out
		},
		Fail:  oddly("eof"),
		Panic: oddly("panic"),
	})
}

// decodeConforms has chunks of no, half, one and two lines.
func decodeConforms(t *testing.T) {
	pieces := []string{`"a"` + "\n", "\n\"", "b\"\n", "", `"c"` + "\n\n" + `"d"` + "\n"}
	values := []string{`"a"`, "", `"b"`, "", `"c" "d"`}
	oddly := func(text string, max int) pull.Through[[]byte, json.RawMessage] {
		return func(src pull.Source[[]byte]) pull.Source[json.RawMessage] {
			lines := through.Map(src, func([]byte) []byte { return []byte(text) })
			odds := codec.DecodeJSON[odd](lines, codec.JSONOptions{MaxLine: max})
			return through.Map(odds, func(o odd) json.RawMessage { return json.RawMessage(o) })
		}
	}
	decode := func(src pull.Source[[]byte]) pull.Source[json.RawMessage] {
		return codec.DecodeJSON[json.RawMessage](src, codec.JSONOptions{})
	}
	for name, fail := range map[string]pull.Through[[]byte, json.RawMessage]{
		"syntax": oddly("[\n", 0), "method": oddly("\"eof\"\n", 0), "long": oddly("123\n", 2),
	} {
		t.Run(name, func(t *testing.T) {
			pulltest.Through(t, decode, pulltest.ThroughOptions[[]byte, json.RawMessage]{
				Value: func(i int) []byte { return []byte(pieces[i%len(pieces)]) },
				Want: func(in [][]byte) (out []json.RawMessage) {
					for i := range in {
						for _, word := range strings.Fields(values[i%len(values)]) {
							out = append(out, json.RawMessage(word))
						}
					}
					return out
				},
				Fail:  fail,
				Panic: oddly("\"panic\"\n", 0),
			})
		})
	}
}
