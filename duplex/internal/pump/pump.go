// Package pump is the sink of things that bytes are written to.
package pump

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/weir-go/weir/pull"
)

// Size is how many bytes may wait while a write is under way.
const Size = 32 << 10

// A Carrier takes bytes, and one end.
type Carrier interface {
	io.Writer

	// End tells the other side that everything was written.
	End() error

	// Cut ends without that, also after a failed Write. It makes a running
	// Write or End fail soon. It may be called more than once and beside any
	// other call, and returns when the cut is made.
	Cut(cause error)
}

// errGone is what a carrier is cut with whose user panicked or ended its
// goroutine.
var errGone = errors.New("pump: goroutine of the sink was ended")

// Run pulls src in the caller's goroutine and writes to c in another. The
// first chunk is written at once; those that come while a write is under way
// go into the next one, up to Size bytes. One chunk more may have been pulled
// that did not fit. A chunk of Size bytes or more is written as it is.
//
// Run returns nil once src has ended, everything was written and c.End said
// nothing; otherwise it has cut c, src has ended, and it returns why: the
// failure of src after which what came before was still written, the failure
// of a write, or the cause of ctx, which interrupts a write and c.End.
func Run(ctx context.Context, src pull.Source[[]byte], c Carrier) error {
	own, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	p := &pump{wake: make(chan struct{}, 1), room: make(chan struct{}, 1)}
	return Guard(own, c, func() error {
		written := make(chan struct{})
		go func() {
			defer close(written)
			if err := p.empty(c); err != nil {
				cancel(err)
			}
		}()
		return p.pullAll(own, cancel, src, written)
	})
}

// Guard calls send, which writes to c and returns io.EOF when that was all, and
// then c.End. When ctx is done meanwhile it cuts c and returns the cause,
// unless send says why it failed; it also cuts c when anything else goes wrong.
func Guard(ctx context.Context, c Carrier, send func() error) (err error) {
	cut := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(cut)
		c.Cut(pull.Cause(ctx))
	})
	all := false // was written
	err = errGone
	defer func() {
		switch {
		case !stop():
			<-cut
			if all { // whatever c.End made of it
				err = pull.Cause(ctx)
			}
		case err != nil:
			c.Cut(err)
		}
	}()
	failure := send()
	if failure == io.EOF {
		all = true
		if ctx.Err() != nil {
			return pull.Cause(ctx)
		}
		failure = c.End()
	}
	return failure
}

// Abandon is deferred by who pulls src. Unless returned is true by then, src
// has panicked or ended the goroutine: Abandon then cancels with that, waits
// for what else is using the carrier, aborts src, and panics again.
func Abandon[T any](
	ctx context.Context, cancel context.CancelCauseFunc, src pull.Source[T],
	returned *bool, wait func(),
) {
	if *returned {
		return
	}
	v := recover()
	err := pull.NewPanicError(v)
	cancel(err)
	wait()
	if v != nil {
		defer panic(v)
	}
	_ = pull.AbortIn(ctx, src, err)
}

// pump is the buffer between the two goroutines.
type pump struct {
	wake chan struct{} // to the writer: there is something, or no more to come
	room chan struct{} // to the puller: the buffer was taken

	mu    sync.Mutex
	buf   []byte
	owned bool // buf is a caller's chunk, not ours to use again
	ended bool
}

// pullAll moves src into the buffer to its end, and returns that when the
// writer is done. A panic of src ends the writer first.
func (p *pump) pullAll(
	ctx context.Context, cancel context.CancelCauseFunc,
	src pull.Source[[]byte], written <-chan struct{},
) error {
	returned := false
	finish := func() {
		p.end()
		<-written
	}
	defer Abandon(ctx, cancel, src, &returned, finish)
	for {
		chunk, err := src(ctx)
		if err != nil {
			returned = true
			finish()
			return err
		}
		p.put(ctx, chunk)
	}
}

// put adds chunk once it fits. When ctx is done the chunk is dropped: nothing
// will be written any more.
func (p *pump) put(ctx context.Context, chunk []byte) {
	for !p.tryPut(chunk) {
		select {
		case <-p.room:
		case <-ctx.Done():
			return
		}
	}
	signal(p.wake)
}

func (p *pump) tryPut(chunk []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case len(p.buf) == 0 && len(chunk) >= Size:
		p.buf, p.owned = chunk, true
	case len(p.buf)+len(chunk) <= Size:
		p.buf = append(p.buf, chunk...)
	default:
		return false
	}
	return true
}

func (p *pump) end() {
	p.mu.Lock()
	p.ended = true
	p.mu.Unlock()
	signal(p.wake)
}

// empty writes what is there until no more is to come, or a write fails.
func (p *pump) empty(w io.Writer) error {
	var spare []byte
	for {
		full, owned, ended := p.swap(spare)
		if len(full) == 0 {
			if ended {
				return nil
			}
			spare = full
			<-p.wake
			continue
		}
		signal(p.room)
		if err := write(w, full); err != nil {
			return err
		}
		spare = full[:0]
		if owned {
			spare = nil
		}
	}
}

// write writes b. A panic of w would end the process: its goroutine is ours.
func write(w io.Writer, b []byte) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = pull.NewPanicError(v)
		}
	}()
	_, err = w.Write(b)
	return err
}

// swap takes the buffer and leaves spare in its place.
func (p *pump) swap(spare []byte) (full []byte, owned, ended bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	full, owned, ended = p.buf, p.owned, p.ended
	p.buf, p.owned = spare, false
	return full, owned, ended
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
