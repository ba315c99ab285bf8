package rpc

import (
	"context"

	"github.com/weir-go/weir/duplex"
)

// An entry is what the other side knows by a number.
type entry struct {
	method bool         // it is never forgotten
	f      Handler      // nil for what is below
	reply  chan *answer // awaited by a call to dnode
	stream streamServer // opened by the receiver
	drop   func(error)  // ends a stream that nobody has opened
	queue  []*call      // calls of a value, one at a time
	busy   bool         // one of them runs
	stop   func() bool  // of a function that lasts as long as a context
}

// A streamServer runs one stream of the receiver's.
type streamServer func(ctx context.Context, d duplex.Duplex[[]byte, []byte]) error

// An answer ends a call.
type answer struct {
	in  *incoming
	err error
}

// register gives an entry a number.
func (p *Peer) register(en *entry) (uint64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !en.method && len(p.local)-p.methods >= p.cfg.MaxFunctions {
		return 0, ErrTooMany
	}
	if p.local == nil {
		return 0, p.why()
	}
	id := p.nextID
	p.nextID++
	p.local[id] = en
	if en.method {
		p.methods++
	}
	return id, nil
}

// forget removes what is no method, and what lasts until then.
func (p *Peer) forget(id uint64) {
	p.mu.Lock()
	var stop func() bool
	if en := p.local[id]; en != nil && !en.method {
		delete(p.local, id)
		stop = en.stop
	}
	p.mu.Unlock()
	if stop != nil {
		stop()
	}
}

// discard ends the streams that nobody has opened, once nobody can.
func (p *Peer) discard() {
	p.mu.Lock()
	left := p.local
	p.local = nil
	p.mu.Unlock()
	for _, en := range left {
		if en.drop != nil {
			en.drop(p.cause())
		}
		if en.stop != nil {
			en.stop()
		}
	}
}

// take returns a stream, which is there once, or nil.
func (p *Peer) take(id uint64) streamServer {
	p.mu.Lock()
	defer p.mu.Unlock()
	en := p.local[id]
	if en == nil || en.stream == nil {
		return nil
	}
	delete(p.local, id)
	return en.stream
}

// find returns an entry, or nil.
func (p *Peer) find(id uint64) *entry {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.local[id]
}
