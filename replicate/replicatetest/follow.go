package replicatetest

import (
	"context"
	"io"
	"iter"

	"github.com/weir-go/weir/pull"
)

// reading reads a follower's source when it is told to. The source believes to
// be read without pause: it is run by a coroutine, which hands over after each
// value and where the source begins to wait.
type reading struct {
	f    Follower
	next func() (readEvent, bool)
	stop func()
	dry  int   // what node.given was when the source began to wait
	err  error // why the source has ended
}

type readEvent bool

const (
	readOne readEvent = true  // a value was folded
	readDry readEvent = false // the source waits
)

// waiting is the context of a source that is read by a coroutine. A source
// that waits asks for Done first: there the coroutine hands over, and when it
// goes on there is something new.
type waiting struct {
	context.Context
	yield func(readEvent) bool
	over  bool
}

var closed = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

func (c *waiting) Done() <-chan struct{} {
	if c.over || !c.yield(readDry) {
		c.over = true
		return closed
	}
	return nil
}

func (c *waiting) Err() error {
	if c.over {
		return context.Canceled
	}
	return nil
}

// read reads at most k values, and reports whether that is all there was. What
// waits is not read before its replica was given something: nothing else would
// wake it.
func (r *reading) read(k, given int) (dry bool, err error) {
	if r.next == nil {
		r.next, r.stop = iter.Pull(r.run)
	} else if r.dry == given {
		return true, nil
	}
	r.dry = -1
	for range k {
		e, ok := r.next()
		switch {
		case !ok && r.err == nil:
			return true, io.ErrUnexpectedEOF
		case !ok:
			return true, r.err
		case e == readDry:
			r.dry = given
			return true, nil
		}
	}
	return false, nil
}

// run reads until it is stopped.
func (r *reading) run(yield func(readEvent) bool) {
	c := &waiting{Context: context.Background(), yield: yield}
	for !c.over {
		if _, err := r.f.next(c); err != nil {
			r.err = err
			return
		}
		c.over = !yield(readOne)
	}
	_ = pull.Abort(r.f.next, nil)
}

// unfollow ends n's subscribers.
func (n *node) unfollow() {
	for _, r := range n.readers {
		if r.stop != nil {
			r.stop()
		} else {
			_ = pull.Abort(r.f.next, nil)
		}
	}
	n.readers = n.readers[:0]
}

// follow has n's subscribers read at most k values each.
func (w *world) follow(n *node, k int) (dry bool) {
	dry = true
	for _, r := range n.readers {
		d, err := r.read(k, n.given)
		if err != nil {
			w.fail(lawChanges, "replica %d: its changes ended: %v", n.index, err)
		}
		dry = dry && d
	}
	return dry
}

// followed checks that subscribers at rest have folded what a reader sees.
func (w *world) followed(n *node, state string) {
	for w.breach == nil && !w.follow(n, 1<<10) {
		continue
	}
	for _, r := range n.readers {
		want := state
		if r.f.Want != nil {
			want = r.f.Want()
		}
		if got := r.f.folded(); got != want {
			w.fail(lawChanges, "replica %d: a subscriber has folded %q, a reader sees %q",
				n.index, got, want)
		}
	}
}
