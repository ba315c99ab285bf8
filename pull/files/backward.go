package files

import (
	"bytes"
	"context"
	"io"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/frame"
)

// backwardBlock is how much is read at once, in bytes.
const backwardBlock = 32 << 10

// LinesBackward is the source of the lines of the regular file path from its
// last to its first: those of [frame.Lines], each without its \n and one \r
// before that. What follows the last \n is a line too, unless it is empty. A
// nil fsys means [OS]; its files have to be of the kind [ReaderAtFile].
//
// The file is opened by the first call, its end is where it was then, and it
// is closed at the end. It fails with an error that names path when the file
// cannot be opened, read or closed, or is no ReaderAtFile (which matches
// errors.ErrUnsupported), with one that matches io.ErrUnexpectedEOF when it has
// become shorter meanwhile, and with a [TooLongError] at a line of more than
// max bytes (0 or less: any but an empty one), after those behind it. What is
// written over while it is read may be seen or not.
//
// Lines belong to the receiver. Memory: a small multiple of max bytes and of
// 32 KiB, which are read at once. A read cannot be interrupted; the context is
// looked at between them.
func LinesBackward(fsys FS, path string, max int) pull.Source[frame.Msg] {
	return newBackward(fsys, path, []byte{'\n'}, max, backwardBlock, true)
}

// SplitBackward is [LinesBackward] with another separator, of which nothing is
// delivered: its messages are those of [frame.Split] from the last to the first.
// An empty sep cuts nothing: the whole file is one message.
//
// A sep that begins as it ends, such as "--" or "abca", can overlap itself, so
// that where it cuts depends on how often it stands in a row; from the end that
// cannot be known, and the first call fails with [ErrSeparator].
func SplitBackward(fsys FS, path string, sep []byte, max int) pull.Source[frame.Msg] {
	return newBackward(fsys, path, bytes.Clone(sep), max, backwardBlock, false)
}

func newBackward(
	fsys FS, path string, sep []byte, max, block int, lines bool,
) pull.Source[frame.Msg] {
	b := &backward{
		fsys: orOS(fsys), path: path, sep: sep, lines: lines, block: block,
	}
	if max > 0 {
		b.max = max
	}
	return pull.From(b.next, b.release)
}

type backward struct {
	fsys  FS
	path  string
	sep   []byte
	lines bool
	max   int
	block int

	file   ReaderAtFile // nil until the first call
	buf    []byte
	at     int   // buf[at:end] was read and not delivered
	end    int   // the sep behind it is cut off
	pos    int64 // where that begins in the file
	unseen int   // how much of its start was not searched for a sep
	done   bool
}

func (b *backward) next(ctx context.Context) (frame.Msg, error) {
	if b.file == nil {
		if err := b.open(); err != nil {
			return nil, err
		}
	}
	for !b.done {
		if i := b.find(); i >= 0 {
			return b.cut(i, len(b.sep))
		}
		if b.pos == 0 {
			b.done = true
			return b.cut(0, 0)
		}
		// Of what is here, a sep may take all its bytes but one.
		if part := b.held(); len(b.trim(part))-max(0, len(b.sep)-1) > b.max {
			return nil, b.tooLong()
		}
		if ctx.Err() != nil {
			return nil, pull.Cause(ctx)
		}
		if err := b.fill(); err != nil {
			return nil, err
		}
	}
	return nil, io.EOF
}

func (b *backward) open() error {
	if overlapsItself(b.sep) {
		return ErrSeparator
	}
	file, info, err := openAt(b.fsys, b.path)
	if err != nil {
		return err
	}
	b.file, b.pos = file, info.Size()
	b.done = b.pos == 0
	for b.pos > 0 && b.end-b.at < len(b.sep) {
		if err := b.fill(); err != nil {
			return err
		}
	}
	if bytes.HasSuffix(b.held(), b.sep) {
		b.end -= len(b.sep)
		b.unseen = b.end - b.at
	}
	return nil
}

func (b *backward) held() []byte { return b.buf[b.at:b.end] }

// find returns where in what is held the last sep begins, or -1.
func (b *backward) find() int {
	if len(b.sep) == 0 {
		return -1
	}
	held := b.held()
	i := bytes.LastIndex(held[:min(b.unseen+len(b.sep)-1, len(held))], b.sep)
	b.unseen = max(i, 0)
	return i
}

// cut delivers what is behind the sep at i, which has n bytes.
func (b *backward) cut(i, n int) (frame.Msg, error) {
	m := b.trim(b.held()[i+n:])
	if len(m) > b.max {
		return nil, b.tooLong()
	}
	b.end = b.at + i
	return append(frame.Msg{}, m...), nil
}

func (b *backward) trim(line []byte) []byte {
	if b.lines {
		return bytes.TrimSuffix(line, []byte{'\r'})
	}
	return line
}

func (b *backward) tooLong() error {
	return &TooLongError{Path: b.path, End: b.pos + int64(b.end-b.at), Max: b.max}
}

// fill reads the block before what is held.
func (b *backward) fill() error {
	n := int(min(int64(b.block), b.pos))
	held := b.held()
	if b.at < n {
		buf := b.buf
		if len(held)+n > len(buf) {
			buf = make([]byte, 2*len(held)+n) // at least doubling what a long line takes
		}
		b.at = len(buf) - len(held)
		copy(buf[b.at:], held)
		b.buf, b.end = buf, len(buf)
	}
	got, err := b.file.ReadAt(b.buf[b.at-n:b.at], b.pos-int64(n))
	if got < n {
		if err == nil {
			err = io.EOF
		}
		return failure("read", b.path, err)
	}
	b.at -= n
	b.pos -= int64(n)
	b.unseen += n
	return nil
}

func (b *backward) release(error) error {
	b.buf = nil
	if b.file == nil {
		return nil
	}
	return failure("close", b.path, b.file.Close())
}

// overlapsItself says whether two of sep can share bytes.
func overlapsItself(sep []byte) bool {
	for n := 1; n < len(sep); n++ {
		if bytes.Equal(sep[:n], sep[len(sep)-n:]) {
			return true
		}
	}
	return false
}
