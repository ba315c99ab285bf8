package frame

import (
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/stage"
)

// ErrUTF8 is matched when text is not UTF-8.
var ErrUTF8 = errors.New("frame: not UTF-8")

// A UTF8Error says where text stops being UTF-8. It matches [ErrUTF8].
type UTF8Error struct {
	Offset int64 // of the first byte that is wrong, in the stream
}

// Error returns the offset.
func (e *UTF8Error) Error() string { return fmt.Sprintf("%v at byte %d", ErrUTF8, e.Offset) }

// Unwrap returns ErrUTF8.
func (e *UTF8Error) Unwrap() error { return ErrUTF8 }

// UTF8Options say what [UTF8] makes of what is not UTF-8. The zero value
// refuses it.
type UTF8Options struct {
	// Replace puts U+FFFD in the place of each wrong byte, as a conversion to
	// []rune does, instead of failing.
	Replace bool
}

// UTF8 cuts src between runes, so that every chunk is valid UTF-8 by itself: a
// rune that src cuts is held, at most 3 bytes, until the rest has come. Chunks
// are never empty.
//
// What is not UTF-8 (surrogates and overlong forms too) fails with a
// [UTF8Error], after the text before it, and src is aborted with that error.
// Input that ends inside a rune ends with io.ErrUnexpectedEOF, and where src
// fails there, the piece is dropped; with Replace both deliver U+FFFD for it.
// Chunks belong to the receiver, also where src reuses its own.
func UTF8(src pull.Source[[]byte], opts UTF8Options) pull.Source[[]byte] {
	return stage.Cut(src, &runes{replace: opts.Replace})
}

type runes struct {
	replace bool
	rest    []byte // not yet looked at; ours
	pos     int64  // where rest begins
	clean   bool   // nothing comes behind rest
	ended   bool
}

func (r *runes) Feed(chunk []byte) {
	r.rest = append(append(make([]byte, 0, len(r.rest)+len(chunk)), r.rest...), chunk...)
}

func (r *runes) End(clean bool) { r.ended, r.clean = true, clean }

func (r *runes) Scan() ([]byte, bool, error) {
	if r.replace {
		text := r.replaced()
		return text, len(text) > 0, nil
	}
	n := validPrefix(r.rest)
	text := r.rest[:n:n]
	r.rest = r.rest[n:]
	r.pos += int64(n)
	switch {
	case n > 0:
		return text, true, nil
	case len(r.rest) > 0 && utf8.FullRune(r.rest):
		return nil, false, &UTF8Error{Offset: r.pos}
	case len(r.rest) > 0 && r.clean:
		return nil, false, io.ErrUnexpectedEOF
	}
	return nil, false, nil
}

// replaced takes all whole runes of rest, and after the end all of it.
func (r *runes) replaced() []byte {
	n := len(r.rest)
	if !r.ended {
		n -= unfinished(r.rest)
	}
	text := r.rest[:n:n]
	r.rest = r.rest[n:]
	if utf8.Valid(text) {
		return text
	}
	return []byte(string([]rune(string(text))))
}

// validPrefix returns how many bytes of b are valid UTF-8.
func validPrefix(b []byte) int {
	if n := len(b) - unfinished(b); utf8.Valid(b[:n]) {
		return n
	}
	n := 0
	for n < len(b) {
		r, size := utf8.DecodeRune(b[n:])
		if r == utf8.RuneError && size <= 1 {
			break
		}
		n += size
	}
	return n
}

// unfinished returns how many bytes at the end of b begin a rune whose end may
// still come.
func unfinished(b []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(b); n++ {
		if tail := b[len(b)-n:]; utf8.RuneStart(tail[0]) {
			if utf8.FullRune(tail) {
				return 0
			}
			return n
		}
	}
	return 0
}
