package frame

import (
	"bytes"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/stage"
)

// Split cuts src after each sep and delivers what is between, without sep.
// What follows the last sep is a message too, unless it is empty: the messages
// are those of bytes.Split, but never an empty last one. So empty input has no
// messages. An empty sep cuts nothing: all input is one message.
//
// A message of more than max bytes without sep (0 or less: any but an empty
// one) fails with a [TooLargeError], whose Len is then one more than max, and
// src is aborted with it. Where src itself fails inside a message, that piece
// is dropped: only a clean end ends a message.
//
// Messages belong to the receiver, also where src reuses its chunks. Memory:
// one chunk of src and twice max bytes.
func Split(src pull.Source[[]byte], sep []byte, max int) pull.Source[Msg] {
	return stage.Cut(src, &splitter{sep: bytes.Clone(sep), max: clamp(max), trim: len(sep)})
}

// SplitAfter is [Split], except that each message keeps the sep behind it, as
// in bytes.SplitAfter. The sep does not count towards max.
func SplitAfter(src pull.Source[[]byte], sep []byte, max int) pull.Source[Msg] {
	return stage.Cut(src, &splitter{sep: bytes.Clone(sep), max: clamp(max)})
}

type splitter struct {
	sep    []byte
	max    int
	trim   int    // how much of a message's end is not delivered
	chunk  []byte // received, not yet looked at; the source's
	part   []byte // the start of a message whose end has not come; ours
	pos    int64  // where that message begins
	ending bool   // a message without a sep is complete
}

func (s *splitter) Feed(chunk []byte) { s.chunk = chunk }

func (s *splitter) End(clean bool) {
	s.ending = clean
	if !clean {
		s.part = nil
	}
}

func (s *splitter) Scan() (Msg, bool, error) {
	if m := s.whole(); m != nil {
		err := s.check(len(m) - len(s.sep))
		s.pos += int64(len(m))
		return m[:len(m)-s.trim], true, err
	}
	if err := s.check(len(s.part) - s.begun()); err != nil {
		return nil, false, err
	}
	if !s.ending || len(s.part) == 0 {
		return nil, false, nil
	}
	m := s.part
	s.part = nil
	return m, true, s.check(len(m))
}

// whole returns the next message with its sep, or nil, having moved all of the
// chunk to part.
func (s *splitter) whole() Msg {
	if len(s.sep) == 0 || len(s.chunk) == 0 {
		s.keep(len(s.chunk))
		return nil
	}
	// A sep that part holds the beginning of ends this far into the chunk.
	seam := len(s.part)
	s.part = append(s.part, s.chunk[:min(len(s.sep)-1, len(s.chunk))]...)
	from := max(0, seam-len(s.sep)+1)
	if i := bytes.Index(s.part[from:], s.sep); i >= 0 {
		end := from + i + len(s.sep)
		m := s.part[:end:end]
		s.chunk, s.part = s.chunk[end-seam:], nil
		return m
	}
	s.part = s.part[:seam]
	i := bytes.Index(s.chunk, s.sep)
	if i < 0 {
		s.keep(len(s.chunk))
		return nil
	}
	s.keep(i + len(s.sep))
	m := s.part
	s.part = nil
	return m
}

// keep moves n bytes of the chunk to part.
func (s *splitter) keep(n int) {
	s.part = append(s.part, s.chunk[:n]...)
	s.chunk = s.chunk[n:]
}

// begun returns how many bytes at the end of part may belong to a sep.
func (s *splitter) begun() int { return overlap(s.part, s.sep) }

func (s *splitter) check(n int) error {
	if n <= s.max {
		return nil
	}
	return &TooLargeError{Len: uint64(s.max) + 1, Max: s.max, Offset: s.pos}
}

// overlap returns the length of the longest end of b that is a beginning of
// sep, but not all of it.
func overlap(b, sep []byte) int {
	for n := min(len(b), len(sep)-1); n > 0; n-- {
		if bytes.HasPrefix(sep, b[len(b)-n:]) {
			return n
		}
	}
	return 0
}
