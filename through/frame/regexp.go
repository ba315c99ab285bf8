package frame

import (
	"bytes"
	"errors"
	"reflect"
	"regexp"
	"regexp/syntax"
	"unicode/utf8"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/stage"
)

// ErrLongest is matched when [ReplaceRegexp] is given a leftmost-longest
// regexp, as of regexp.CompilePOSIX or Longest.
var ErrLongest = errors.New("frame: regexp wants the longest match")

// enoughReplaced is the size in bytes after which a chunk of output goes out,
// although more of the input has come.
const enoughReplaced = 32 << 10

// ReplaceRegexp puts template in the place of every match of re in src, with
// $1 or ${name} for what a group of re matched, wherever src cuts its chunks:
// all chunks together are re.ReplaceAll of all chunks of src, and also ^, $,
// \A, \z, \b and \B see over the edges of chunks, and empty matches count. So
// `\s+$` and `^\s+` trim the whole text, and with (?m) each of its lines.
//
// What may become a match is held until that is decided, at most max bytes of
// it (0 or less: only empty matches). Where it becomes longer, src is aborted
// with a [TooLargeError], whose Len is one more than max and whose Offset is
// where it begins; the text before it comes first. That a match would be
// short does not help a regexp that has to look further than max to know: with
// `a.*b|a`, an a holds the rest of its line. One that may go on for ever, as
// (?s)a.* does, fails where more than max bytes follow.
//
// Where src fails, what is held is dropped: whether it would have been replaced
// is not known. A leftmost-longest re fails with [ErrLongest] in the first
// call. Chunks are not empty and belong to the receiver, also where src reuses
// its own. Memory: one chunk of src, twice max bytes, 32 KiB and one
// replacement. Time: that of a simulated automaton, so the length of the text
// times the size of re; where much has to be held to decide little, that many
// times more.
//
// Several goroutines may use one re at the same time.
func ReplaceRegexp(
	src pull.Source[[]byte], re *regexp.Regexp, template []byte, max int,
) pull.Source[[]byte] {
	r := &regexpReplacer{re: re, template: bytes.Clone(template), max: int64(clamp(max))}
	// That re wants the longest match is not said, but makes it another one.
	// POSIX also has what is no regexp otherwise, such as a**.
	if again, err := regexp.Compile(re.String()); err != nil || !reflect.DeepEqual(re, again) {
		r.err = ErrLongest
	}
	parsed, err := syntax.Parse(re.String(), syntax.Perl)
	if err == nil {
		r.prog, err = syntax.Compile(parsed.Simplify())
	}
	if err != nil { // ErrLongest, as package regexp has done the same
		r.prog = &syntax.Prog{Inst: []syntax.Inst{{Op: syntax.InstFail}}}
	}
	r.setUp(bytes.IndexByte(template, '$') >= 0)
	return stage.Cut(src, r)
}

// A regexpReplacer keeps its places as offsets in the stream.
type regexpReplacer struct {
	automaton
	re       *regexp.Regexp
	template []byte
	max      int64

	buf   []byte // what is not delivered, and one byte before it; ours
	base  int64  // where buf begins
	done  int64  // what is before it was delivered, or replaced
	last  int64  // where the last match ended
	clean bool   // nothing comes behind buf
	over  bool   // all of buf was searched, or dropped
	err   error  // what to end with
}

func (r *regexpReplacer) Feed(chunk []byte) {
	if gone := r.done - r.base - 1; gone > 0 {
		r.buf = r.buf[:copy(r.buf, r.buf[gone:])]
		r.base += gone
	}
	r.buf = append(r.buf, chunk...)
}

func (r *regexpReplacer) End(clean bool) { r.clean, r.over = clean, !clean }

func (r *regexpReplacer) Scan() ([]byte, bool, error) {
	var out []byte
	for len(out) < enoughReplaced && r.search() {
		out = r.replace(out)
	}
	if r.clean || !r.over {
		// What no match can reach any more goes out.
		out = append(out, r.buf[r.done-r.base:r.low()-r.base]...)
		r.done = r.low()
	}
	if len(out) > 0 {
		return out, true, nil
	}
	return nil, false, r.err
}

// search goes on until the next match is known; false means that more input
// is needed, or that none comes.
func (r *regexpReplacer) search() bool {
	for r.err == nil && !r.over {
		if r.idle() {
			r.pos += int64(r.skip(r.buf[r.pos-r.base:]))
		}
		c, size := r.peek()
		if c == unknown && r.looks {
			return false
		}
		r.follow(syntax.EmptyOpContext(r.before(), c))
		if c == unknown {
			return r.sure()
		}
		r.consume(c, size)
		switch {
		case r.decided():
			return true
		case c == endOfText:
			r.over = true
		case r.pos-r.low() > r.max:
			r.err = &TooLargeError{Len: uint64(r.max) + 1, Max: int(r.max), Offset: r.low()}
		}
	}
	return false
}

// What peek returns in place of a rune.
const (
	endOfText rune = -1 // as in package syntax
	unknown   rune = -2
)

// peek returns the rune at pos and its size; a byte that is not UTF-8 is one.
func (r *regexpReplacer) peek() (rune, int) {
	switch rest := r.buf[r.pos-r.base:]; {
	case len(rest) > 0 && rest[0] < utf8.RuneSelf:
		return rune(rest[0]), 1
	case !r.clean && !utf8.FullRune(rest):
		return unknown, 0
	case len(rest) == 0:
		return endOfText, 0
	default:
		return utf8.DecodeRune(rest)
	}
}

// before returns what is before pos, for conditions: all runes beyond ASCII are
// alike to them.
func (r *regexpReplacer) before() rune {
	if r.pos == 0 {
		return endOfText
	}
	if b := r.buf[r.pos-1-r.base]; b < utf8.RuneSelf {
		return rune(b)
	}
	return utf8.RuneError
}

// replace puts the match that was found into out, and begins the next search
// behind it. An empty match at the end of another one is none.
func (r *regexpReplacer) replace(out []byte) []byte {
	begin, end := r.match[0], r.match[1]
	out = append(out, r.buf[r.done-r.base:begin-r.base]...)
	if end > r.last || begin == 0 {
		groups := make([]int, len(r.match))
		for i, at := range r.match {
			groups[i] = -1
			if at >= 0 {
				groups[i] = int(at - r.base)
			}
		}
		out = r.re.Expand(out, r.template, r.buf, groups)
	}
	r.done, r.last = end, end
	r.restart(end)
	return out
}
