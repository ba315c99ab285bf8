package frame

import (
	"bytes"
	"context"
	"io"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/stage"
)

// Lines cuts src at each \n and delivers what is between, without the \n and
// without one \r before it. What follows the last \n is a line too, unless it
// is empty; so empty input has no lines.
//
// A line of more than max bytes without its end (0 or less: any but an empty
// one) fails with a [LineError], and src is aborted with it. Where src itself
// fails inside a line, that piece is dropped: only a clean end ends a line. To
// go on behind a line that is too long, see [LinesFunc].
//
// Lines belong to the receiver, also where src reuses its chunks. Memory: at
// most one chunk of src and twice max bytes.
func Lines(src pull.Source[[]byte], max int) pull.Source[Msg] {
	l := &liner{up: stage.Of(src), max: clamp(max), line: 1}
	return l.next
}

type liner struct {
	up   *stage.Upstream[[]byte]
	max  int
	rest []byte // received, not yet looked at; still src's
	part []byte // the start of a line whose end has not come; ours
	line int64  // the number of the line that comes next
}

func (l *liner) next(ctx context.Context) (Msg, error) {
	if l.up.Stopped {
		return nil, l.up.Refuse(ctx)
	}
	if len(l.rest) > 0 && ctx.Err() != nil {
		return nil, l.fail(ctx, pull.Cause(ctx))
	}
	for {
		if i := bytes.IndexByte(l.rest, '\n'); i >= 0 {
			m, err := l.cut(l.rest[:i])
			if err != nil {
				return nil, l.fail(ctx, err)
			}
			l.rest = l.rest[i+1:]
			return m, nil
		}
		if err := l.keep(); err != nil {
			return nil, l.fail(ctx, err)
		}
		var err error
		if l.rest, err = l.up.Src(ctx); err != nil {
			return l.end(err)
		}
	}
}

// cut makes a line of part and what follows it.
func (l *liner) cut(tail []byte) (Msg, error) {
	m := append(append(Msg{}, l.part...), tail...)
	if n := len(m); n > 0 && m[n-1] == '\r' {
		m = m[:n-1]
	}
	if len(m) > l.max {
		return nil, &LineError{Line: l.line, Max: l.max}
	}
	l.part = l.part[:0]
	l.line++
	return m, nil
}

// keep moves the unfinished line from rest to part, where it may be one byte
// over max: that byte can be the \r.
func (l *liner) keep() error {
	if len(l.rest) == 0 {
		return nil
	}
	last := l.rest[len(l.rest)-1]
	if n := len(l.part) + len(l.rest) - 1; n > l.max || n == l.max && last != '\r' {
		return &LineError{Line: l.line, Max: l.max}
	}
	l.part = append(l.part, l.rest...)
	l.rest = nil
	return nil
}

// end ends the lines where src has ended; a clean end completes the last line.
func (l *liner) end(err error) (Msg, error) {
	l.rest = nil
	if err != io.EOF || len(l.part) == 0 {
		l.part = nil
		return nil, l.up.End(err)
	}
	m, lerr := l.cut(nil)
	l.part = nil
	if lerr != nil {
		return nil, l.up.End(lerr)
	}
	l.up.Last(io.EOF)
	return m, nil
}

func (l *liner) fail(ctx context.Context, err error) error {
	l.rest, l.part = nil, nil
	return l.up.Fail(ctx, err)
}

// JoinLines turns each message into one chunk, the message and a \n, for
// [Lines]. A message that holds a \n comes back as several lines, and one that
// ends with \r loses it.
func JoinLines(src pull.Source[Msg]) pull.Source[[]byte] {
	up := stage.Of(src)
	return func(ctx context.Context) ([]byte, error) {
		if up.Stopped {
			return nil, up.Refuse(ctx)
		}
		m, err := up.Src(ctx)
		if err != nil {
			return nil, up.End(err)
		}
		return append(append(make([]byte, 0, len(m)+1), m...), '\n'), nil
	}
}
