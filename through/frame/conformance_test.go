package frame_test

import (
	"bytes"
	"context"
	"io"
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
	t.Run("LinesFunc", linesFuncConform)
	t.Run("JoinLines", func(t *testing.T) {
		pulltest.Through(t, frame.JoinLines, pulltest.ThroughOptions[frame.Msg, []byte]{
			Want: each(func(m frame.Msg) []byte { return append(bytes.Clone(m), '\n') }),
		})
	})
	t.Run("Split", splitConforms)
	t.Run("SplitAfter", splitAfterConforms)
	t.Run("UTF8", utf8Conforms)
	t.Run("Replace", replaceConforms)
	t.Run("ReplaceRegexp", replaceRegexpConforms)
	t.Run("EncodePrefixed", encodePrefixedConforms)
	t.Run("DecodePrefixed", decodePrefixedConforms)
	t.Run("NewReader", readerConforms)
	t.Run("Reader.Rest", restConforms)
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

func linesFuncConform(t *testing.T) {
	lines := func(long func(frame.LongLine) (frame.Msg, error)) pull.Through[[]byte, frame.Msg] {
		return func(src pull.Source[[]byte]) pull.Source[frame.Msg] {
			return frame.LinesFunc(src, 3, long)
		}
	}
	pulltest.Through(t, lines(func(l frame.LongLine) (frame.Msg, error) {
		if l.Len > 5 {
			return nil, nil
		}
		return l.Head, nil
	}), pulltest.ThroughOptions[[]byte, frame.Msg]{
		Value: pieces("a\r\n", "abcd\n", "abcdefgh", "\n", "\nx\n"),
		Want: func(in [][]byte) (out []frame.Msg) {
			for i := range in {
				out = append(out, [][]frame.Msg{
					{frame.Msg("a")}, {frame.Msg("abc")}, {}, {}, {frame.Msg(""), frame.Msg("x")},
				}[i%5]...)
			}
			return out
		},
		Fail:  lines(func(frame.LongLine) (frame.Msg, error) { return nil, io.ErrShortBuffer }),
		Panic: lines(func(frame.LongLine) (frame.Msg, error) { panic("long") }),
	})
}

// pieces are the chunks of a root.
func pieces(texts ...string) func(i int) []byte {
	return func(i int) []byte { return []byte(texts[i%len(texts)]) }
}

// made is what a function of all bytes makes of chunks.
func made(f func(all []byte) [][]byte) func(in [][]byte) []frame.Msg {
	return func(in [][]byte) (out []frame.Msg) {
		for _, m := range f(bytes.Join(in, nil)) {
			out = append(out, frame.Msg(m))
		}
		if n := len(out); n > 0 && len(out[n-1]) == 0 {
			out = out[:n-1]
		}
		return out
	}
}

func splitConforms(t *testing.T) {
	split := func(sep string, max int) pull.Through[[]byte, frame.Msg] {
		return func(src pull.Source[[]byte]) pull.Source[frame.Msg] {
			return frame.Split(src, []byte(sep), max)
		}
	}
	pulltest.Through(t, split("--", conformMax), pulltest.ThroughOptions[[]byte, frame.Msg]{
		Value: pieces("one--", "tw-", "-o----", "", "th--ree--"),
		Want:  made(func(all []byte) [][]byte { return bytes.Split(all, []byte("--")) }),
		Fail:  split("--", 2),
	})
}

func splitAfterConforms(t *testing.T) {
	split := func(sep string, max int) pull.Through[[]byte, frame.Msg] {
		return func(src pull.Source[[]byte]) pull.Source[frame.Msg] {
			return frame.SplitAfter(src, []byte(sep), max)
		}
	}
	pulltest.Through(t, split(",", conformMax), pulltest.ThroughOptions[[]byte, frame.Msg]{
		Value: pieces("one,", ",two", ",", ""),
		Want:  made(func(all []byte) [][]byte { return bytes.SplitAfter(all, []byte(",")) }),
		Fail:  split(",", 2),
	})
}

// utf8Conforms has chunks of which each is valid, or begins or ends a rune.
func utf8Conforms(t *testing.T) {
	pulltest.Through(t, strict, pulltest.ThroughOptions[[]byte, []byte]{
		Value: pieces("a", "b\xe2", "\x82\xac", "", "ä"),
		Want: func(in [][]byte) (out [][]byte) {
			for i := range in {
				if want := []string{"a", "b", "€", "", "ä"}[i%5]; want != "" {
					out = append(out, []byte(want))
				}
			}
			return out
		},
		Fail: func(src pull.Source[[]byte]) pull.Source[[]byte] {
			return frame.UTF8(frame.Replace(src, []byte("b"), []byte{0xff}), frame.UTF8Options{})
		},
	})
}

func replaceConforms(t *testing.T) {
	replace := func(src pull.Source[[]byte]) pull.Source[[]byte] {
		return frame.Replace(src, []byte("foo"), []byte("bar"))
	}
	pulltest.Through(t, replace, pulltest.ThroughOptions[[]byte, []byte]{
		Value: pieces("a foo", "foofo", "o", "", "oo"),
		Want: func(in [][]byte) (out [][]byte) {
			for i := range in {
				if want := []string{"a bar", "bar", "bar", "", "oo"}[i%5]; want != "" {
					out = append(out, []byte(want))
				}
			}
			if len(in)%5 == 2 {
				out = append(out, []byte("fo"))
			}
			return out
		},
	})
}

// replaceRegexpConforms has chunks that are decided by their own end, or not.
func replaceRegexpConforms(t *testing.T) {
	pulltest.Through(t, replacing("fo+;", "bar", 10), pulltest.ThroughOptions[[]byte, []byte]{
		Value: pieces("a foo;", "fo;fo", ";", "", "oo"),
		Want: func(in [][]byte) (out [][]byte) {
			for i := range in {
				if want := []string{"a bar", "bar", "bar", "", "oo"}[i%5]; want != "" {
					out = append(out, []byte(want))
				}
			}
			if len(in)%5 == 2 {
				out = append(out, []byte("fo"))
			}
			return out
		},
		Fail: replacing("fo+;", "bar", 3),
	})
}

func encodePrefixedConforms(t *testing.T) {
	encode := func(max int) pull.Through[frame.Msg, []byte] {
		return func(src pull.Source[frame.Msg]) pull.Source[[]byte] {
			return frame.EncodePrefixed(src, frame.Uint16BE, max)
		}
	}
	pulltest.Through(t, encode(conformMax), pulltest.ThroughOptions[frame.Msg, []byte]{
		Want: each(func(m frame.Msg) []byte { return append([]byte{0, byte(len(m))}, m...) }),
		Fail: encode(0),
	})
}

func decodePrefixedConforms(t *testing.T) {
	decode := func(max int) pull.Through[[]byte, frame.Msg] {
		return func(src pull.Source[[]byte]) pull.Source[frame.Msg] {
			return frame.DecodePrefixed(src, frame.Uint16BE, max)
		}
	}
	pulltest.Through(t, decode(conformMax), pulltest.ThroughOptions[[]byte, frame.Msg]{
		Value: pieces("\x00\x03abc", "\x00", "\x02de", "", "\x00\x01f\x00\x00"),
		Want: func(in [][]byte) (out []frame.Msg) {
			all := bytes.Join(in, nil)
			for len(all) > 1 && len(all) >= 2+int(all[1]) {
				out = append(out, frame.Msg(all[2:2+all[1]]))
				all = all[2+all[1]:]
			}
			return out
		},
		Fail: decode(1),
	})
}

// readerConforms reads byte by byte, where to want one more is no failure.
func readerConforms(t *testing.T) {
	bytewise := func(src pull.Source[[]byte]) pull.Source[[]byte] {
		r := frame.NewReader(src)
		return func(ctx context.Context) ([]byte, error) {
			b, err := r.Next(ctx, 1)
			if err == io.ErrUnexpectedEOF {
				err = io.EOF
			}
			return b, err
		}
	}
	pulltest.Through(t, bytewise, pulltest.ThroughOptions[[]byte, []byte]{
		Value: pieces("a", "", "bcd"),
		Want: func(in [][]byte) (out [][]byte) {
			for _, b := range bytes.Join(in, nil) {
				out = append(out, []byte{b})
			}
			return out
		},
	})
}

func restConforms(t *testing.T) {
	rest := func(src pull.Source[[]byte]) pull.Source[[]byte] { return frame.NewReader(src).Rest() }
	pulltest.Through(t, rest, pulltest.ThroughOptions[[]byte, []byte]{
		Value: pieces("a", "", "bcd"),
		Want:  each(func(b []byte) []byte { return b }),
	})
}
