package timed

import (
	"context"
	"sync"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/internal/stage"
)

// Latest returns the newest value of src: what has not been returned when the
// next one comes is discarded. So a slow reader never holds src up, and is
// never behind. What is waiting when src ends or fails is returned first.
//
// It holds one value, and reads src on all the time from the first call, in a
// goroutine; drop, if it is not nil, runs there too, or in the call that ends
// the stream.
func Latest[T any](src pull.Source[T], drop func(T)) pull.Source[T] {
	return Conflate(src, 1, func(T) struct{} { return struct{}{} }, drop)
}

// Conflate is [Latest] for each key: the newest value of every key that has
// come since it was last returned, in the order in which the keys came. At most
// n values wait (less than 1 means 1); when they do, a further key holds src up
// until one of them is returned.
//
// Key runs in the goroutine that reads src. Its panic is the end of the stream,
// a [pull.PanicError]; the value it was given is lost.
func Conflate[T any, K comparable](
	src pull.Source[T], n int, key func(T) K, drop func(T),
) pull.Source[T] {
	c := &conflate[T, K]{
		src:   src,
		n:     max(n, 1),
		key:   key,
		drop:  drop,
		room:  make(chan struct{}, 1),
		place: map[K]int{},
	}
	// A token says that there are values again. At most one is on its way, so
	// with room for two the reading never waits.
	c.ahead = pull.NewAhead(c.feed, 2, nil)
	c.up = stage.Of[struct{}](c.ahead.Next)
	return c.next
}

type conflate[T any, K comparable] struct {
	src  pull.Source[T]
	n    int
	key  func(T) K
	drop func(T)
	room chan struct{} // says that a value has been returned

	mu     sync.Mutex
	queue  []slot[T, K] // what waits, behind the first popped slots
	popped int
	place  map[K]int // of a key in queue

	// Owned by the reader.
	up     *stage.Upstream[struct{}]
	ahead  *pull.Ahead[struct{}]
	tokens []struct{}
	open   bool // a token was taken, and something waits
}

type slot[T any, K comparable] struct {
	key   K
	value T
}

func (c *conflate[T, K]) next(ctx context.Context) (T, error) {
	var zero T
	switch {
	case c.up.Stopped:
		return zero, c.up.Refuse(ctx)
	case ctx.Err() != nil:
		return zero, c.abort(ctx)
	case c.open:
		return c.pop(), nil
	}
	if err := c.ahead.Start(ctx); err != nil {
		return zero, c.up.End(err)
	}
	for {
		var err error
		if c.tokens, err = c.ahead.Take(c.tokens); err != nil {
			return zero, c.up.End(err)
		}
		if len(c.tokens) > 0 {
			return c.pop(), nil
		}
		select {
		case <-c.ahead.Ready():
		case <-ctx.Done():
			return zero, c.abort(ctx)
		}
	}
}

func (c *conflate[T, K]) pop() T {
	c.mu.Lock()
	first := c.queue[c.popped]
	c.queue[c.popped] = slot[T, K]{}
	c.popped++
	delete(c.place, first.key)
	if c.open = c.popped < len(c.queue); !c.open {
		c.queue, c.popped = c.queue[:0], 0
	}
	c.mu.Unlock()
	select {
	case c.room <- struct{}{}:
	default:
	}
	return first.value
}

// abort ends the stream, src first, so that nobody else drops meanwhile.
func (c *conflate[T, K]) abort(ctx context.Context) error {
	err := c.up.Fail(ctx, pull.Cause(ctx))
	rest := c.queue[c.popped:]
	c.queue, c.popped = nil, 0
	for _, s := range rest {
		c.discard(s.value)
	}
	return err
}

func (c *conflate[T, K]) discard(v T) {
	if c.drop != nil {
		c.drop(v)
	}
}

// feed reads src until there is a value where there was none.
func (c *conflate[T, K]) feed(ctx context.Context) (struct{}, error) {
	for {
		v, err := c.src(ctx)
		if err != nil || c.put(ctx, v) {
			return struct{}{}, err
		}
	}
}

// put adds v, or replaces the value of its key. It reports whether there was no
// value. If ctx is done while it waits for room, it discards v.
func (c *conflate[T, K]) put(ctx context.Context, v T) bool {
	key := c.key(v)
	for {
		old, done := c.store(slot[T, K]{key, v})
		switch done {
		case replaced:
			c.discard(old)
			return false
		case first, further:
			return done == first
		}
		select {
		case <-c.room:
		case <-ctx.Done():
			c.discard(v)
			return false
		}
	}
}

// What store has done.
type stored int

const (
	first    stored = iota // the only value now
	further                // one more
	replaced               // the newest of its key
	full                   // nothing
)

// store returns the value that it has replaced, if any.
func (c *conflate[T, K]) store(s slot[T, K]) (old T, done stored) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at, ok := c.place[s.key]; ok {
		old, c.queue[at].value = c.queue[at].value, s.value
		return old, replaced
	}
	waiting := len(c.queue) - c.popped
	if waiting == c.n {
		return old, full
	}
	if c.popped > c.n {
		c.compact()
	}
	if same := s.key; same == s.key { // a NaN could not be deleted
		c.place[s.key] = len(c.queue)
	}
	if c.queue = append(c.queue, s); waiting == 0 {
		return old, first
	}
	return old, further
}

// compact moves what waits to the beginning of queue.
func (c *conflate[T, K]) compact() {
	n := copy(c.queue, c.queue[c.popped:])
	clear(c.queue[n:])
	c.queue = c.queue[:n]
	for key := range c.place {
		c.place[key] -= c.popped
	}
	c.popped = 0
}
