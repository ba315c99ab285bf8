package duplex

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/weir-go/weir/duplex/internal/guard"
	"github.com/weir-go/weir/pull"
)

// A MismatchError says where what is sent to a [Replay] is not what was
// recorded.
type MismatchError struct {
	Offset int64  // Offset counts the bytes sent before the difference.
	Want   []byte // Want is what the recording goes on with, 16 bytes at most; none is the end.
	Got    []byte // Got is the same of what was sent.
}

// Error returns the offset and both sides.
func (e *MismatchError) Error() string {
	side := func(b []byte) string {
		if len(b) == 0 {
			return "the end"
		}
		return fmt.Sprintf("%q", b)
	}
	return fmt.Sprintf("duplex: replay differs at byte %d: got %s, recorded was %s",
		e.Offset, side(e.Got), side(e.Want))
}

// A RecordedError is a failure that a recording had.
type RecordedError struct {
	Text string // Text is the recorded reason.
}

// Error returns the text.
func (e *RecordedError) Error() string { return "duplex: recorded failure: " + e.Text }

// Replay is the other side of a recording: its source returns what had been
// read, and its sink compares what it is given with what had been written.
//
// The source keeps the order: it returns a chunk only when everything was sent
// that had been sent before it, so that answers follow their questions; a sink
// need not wait for the source. Chunks are returned as recorded, an end or a
// failure (a [RecordedError]) too. A recording that stops before the direction
// had ended is io.ErrUnexpectedEOF. When the sink has failed, the source goes
// on to where it would have to wait for it, and fails with the same error.
//
// The sink does not care how bytes are cut into chunks. It fails with a
// [MismatchError] at the first difference, an end too early or too late
// included; with the failure of its source; and, behind everything that was
// sent, with a RecordedError where the recording has one. A recording that
// stops before the direction had ended matches everything that is a beginning
// of it. The sink may be called once, then returns [ErrUsed].
//
// The entries are not changed and may serve several replays at once.
func Replay(entries []Entry) Duplex[[]byte, []byte] {
	r := &replay{entries: entries, moved: make(chan struct{})}
	for _, e := range entries {
		if e.Way == Out && e.Chunk == nil {
			r.over, r.fail = true, e.Fail
		}
	}
	return Duplex[[]byte, []byte]{Source: pull.From(r.next, nil), Sink: r.sink}
}

type replay struct {
	entries []Entry
	over    bool   // the recording has the end of what was sent …
	fail    string // … which was this failure, if any
	used    guard.Token

	read int   // index of the source's next entry
	need int64 // bytes that had been sent before it

	expect int    // index of the sink's next entry
	rest   []byte // of the entry before it: not sent yet

	mu     sync.Mutex
	moved  chan struct{} // closed and replaced when what follows changes
	sent   int64
	closed bool  // the sink has returned …
	err    error // … this
}

// next is the source, before its laws are kept for it.
func (r *replay) next(ctx context.Context) ([]byte, error) {
	ends := false // the sink's end comes before the entry
	for ; r.read < len(r.entries) && r.entries[r.read].Way == Out; r.read++ {
		e := r.entries[r.read]
		r.need += int64(len(e.Chunk))
		ends = ends || e.Chunk == nil
	}
	if r.read == len(r.entries) {
		return nil, io.ErrUnexpectedEOF
	}
	if err := r.wait(ctx, ends); err != nil {
		return nil, err
	}
	e := r.entries[r.read]
	r.read++
	switch {
	case e.Chunk != nil:
		return bytes.Clone(e.Chunk), nil
	case e.Fail != "":
		return nil, &RecordedError{Text: e.Fail}
	}
	return nil, io.EOF
}

// wait waits until the sink has come far enough.
func (r *replay) wait(ctx context.Context, ends bool) error {
	for {
		r.mu.Lock()
		there := r.sent >= r.need && (r.closed || !ends)
		closed, err, moved := r.closed, r.err, r.moved
		r.mu.Unlock()
		switch {
		case there:
			return nil
		case closed && err != nil:
			return err
		case closed: // a beginning of a recording that does not end
			return io.ErrUnexpectedEOF
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return pull.Cause(ctx)
		}
	}
}

func (r *replay) sink(ctx context.Context, src pull.Source[[]byte]) (err error) {
	if !r.used.Take() {
		return guard.Refuse(ctx, src, ErrUsed)
	}
	returned := false
	defer func() {
		if !returned {
			err = pull.ErrStopped // a panic of src, which goes on
		}
		r.move(0, true, err)
	}()
	err = pull.Each(ctx, src, r.compare)
	if err == nil {
		err = r.compareEnd()
	}
	returned = true
	return err
}

// move tells the source how far the sink has come.
func (r *replay) move(n int, closed bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent += int64(n)
	r.closed, r.err = closed, err
	close(r.moved)
	r.moved = make(chan struct{})
}

// compare takes chunk if it is what comes next.
func (r *replay) compare(chunk []byte) error {
	for len(chunk) > 0 {
		want := r.want()
		n := 0
		for n < len(want) && n < len(chunk) && want[n] == chunk[n] {
			n++
		}
		r.rest, chunk = want[n:], chunk[n:]
		r.move(n, false, nil)
		switch {
		case len(chunk) == 0 || n == len(want) && n > 0:
		case len(want) == 0 && r.fail != "":
			return &RecordedError{Text: r.fail}
		default:
			return r.mismatch(chunk)
		}
	}
	return nil
}

// want returns what is to be sent next, of one entry; nothing at the end.
func (r *replay) want() []byte {
	for ; len(r.rest) == 0 && r.expect < len(r.entries); r.expect++ {
		if e := r.entries[r.expect]; e.Way == Out {
			r.rest = e.Chunk
		}
	}
	return r.rest
}

func (r *replay) compareEnd() error {
	switch {
	case len(r.want()) > 0 && r.over:
		return r.mismatch(nil)
	case r.fail != "":
		return &RecordedError{Text: r.fail}
	}
	return nil
}

func (r *replay) mismatch(got []byte) error {
	few := func(b []byte) []byte { return bytes.Clone(b[:min(len(b), 16)]) }
	r.mu.Lock()
	defer r.mu.Unlock()
	return &MismatchError{Offset: r.sent, Want: few(r.rest), Got: few(got)}
}
