package frame_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
	"github.com/weir-go/weir/through/frame"
)

const conformMax = 64

// TestConformance runs every through of the package through pulltest. A
// subtest is named after what it checks.
func TestConformance(t *testing.T) {
	t.Run("Encode", encodeConforms)
	t.Run("Decode", decodeConforms)
	t.Run("Lines", linesConform)
	t.Run("JoinLines", func(t *testing.T) {
		pulltest.Through(t, frame.JoinLines, pulltest.ThroughOptions[frame.Msg, []byte]{
			Want: each(func(m frame.Msg) []byte { return append(bytes.Clone(m), '\n') }),
		})
	})
}

// each is what a through makes that gives one value for each.
func each[A, B any](f func(A) B) func([]A) []B {
	return func(in []A) (out []B) {
		for _, a := range in {
			out = append(out, f(a))
		}
		return out
	}
}

func encode(src pull.Source[frame.Msg]) pull.Source[[]byte] { return frame.Encode(src, conformMax) }
func decode(src pull.Source[[]byte]) pull.Source[frame.Msg] { return frame.Decode(src, conformMax) }
func cut(src pull.Source[[]byte]) pull.Source[frame.Msg]    { return frame.Lines(src, conformMax) }

func encodeConforms(t *testing.T) {
	pulltest.Through(t, encode, pulltest.ThroughOptions[frame.Msg, []byte]{
		Want: each(func(m frame.Msg) []byte { return frame.Append(nil, m) }),
		Fail: func(src pull.Source[frame.Msg]) pull.Source[[]byte] { return frame.Encode(src, 0) },
	})
}

// decodeConforms has chunks that hold a piece of a frame, one or two.
func decodeConforms(t *testing.T) {
	one := frame.Append(nil, []byte("message"))
	three := append(append(bytes.Clone(one), one...), one...)
	pieces := [][]byte{one, one[:5], one[5:], {}, three}
	pulltest.Through(t, decode, pulltest.ThroughOptions[[]byte, frame.Msg]{
		Value: func(i int) []byte { return bytes.Clone(pieces[i%len(pieces)]) },
		Want: func(in [][]byte) (out []frame.Msg) {
			for range len(bytes.Join(in, nil)) / len(one) {
				out = append(out, frame.Msg("message"))
			}
			return out
		},
		Fail: func(src pull.Source[[]byte]) pull.Source[frame.Msg] { return frame.Decode(src, 6) },
	})
}

func linesConform(t *testing.T) {
	pieces := []string{"one\n", "tw", "o\r\n", "", "three\nfour\n"}
	pulltest.Through(t, cut, pulltest.ThroughOptions[[]byte, frame.Msg]{
		Value: func(i int) []byte { return []byte(pieces[i%len(pieces)]) },
		Want: func(in [][]byte) (out []frame.Msg) {
			whole := string(bytes.Join(in, nil))
			lines := strings.SplitAfter(whole, "\n")
			for _, line := range lines {
				if strings.HasSuffix(line, "\n") || line != "" {
					out = append(out, frame.Msg(strings.TrimRight(line, "\r\n")))
				}
			}
			return out
		},
		Fail: func(src pull.Source[[]byte]) pull.Source[frame.Msg] { return frame.Lines(src, 2) },
	})
}
