// Package outbox holds lines that wait for a connection.
package outbox

import (
	"context"
	"io"
	"runtime"
	"sync"

	"github.com/weir-go/weir/pull"
)

// Budget is how many bytes may wait before who can wait does.
const Budget = 64 << 10

// Limit is how many bytes of answers, for which nobody can wait, may be left by
// a peer that does not read.
const Limit = 1 << 20

// A Box holds lines. All methods but Next may be called by any goroutine at any
// time. Make one with New.
type Box struct {
	// Yields has Next, when it is woken, let other goroutines run first that have
	// lines to put, so that one write takes all. It must be set before Next.
	Yields bool

	wake chan struct{} // 1 slot: there is something to take

	mu    sync.Mutex
	lines [][]byte
	size  int
	ended bool
	room  chan struct{} // closed and replaced when lines were taken
}

// New makes an empty Box.
func New() *Box { return &Box{wake: make(chan struct{}, 1), room: make(chan struct{})} }

// Put adds a line at once, and returns how many bytes wait. Behind the end it
// does nothing.
func (b *Box) Put(line []byte) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.ended {
		b.lines = append(b.lines, line)
		b.size += len(line)
		b.signal()
	}
	return b.size
}

// End says that no more lines come.
func (b *Box) End() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = true
	b.signal()
}

func (b *Box) signal() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// WaitRoom waits until fewer than Budget bytes wait, or ctx or dead is done.
func (b *Box) WaitRoom(ctx context.Context, dead <-chan struct{}) {
	for {
		b.mu.Lock()
		full, room := b.size >= Budget, b.room
		b.mu.Unlock()
		if !full {
			return
		}
		select {
		case <-room:
		case <-dead:
			return
		case <-ctx.Done():
			return
		}
	}
}

// Next takes the lines that wait, at least one, and returns io.EOF behind the
// end. As a method value it is a source.
func (b *Box) Next(ctx context.Context) ([][]byte, error) {
	for {
		if ctx.Err() != nil {
			return nil, pull.Cause(ctx)
		}
		b.mu.Lock()
		lines, ended := b.lines, b.ended
		if len(lines) > 0 {
			b.lines, b.size = nil, 0
			close(b.room)
			b.room = make(chan struct{})
		}
		b.mu.Unlock()
		switch {
		case len(lines) > 0:
			return lines, nil
		case ended:
			return nil, io.EOF
		}
		select {
		case <-b.wake:
			if b.Yields {
				runtime.Gosched()
			}
		case <-ctx.Done():
		}
	}
}
