package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/weir-go/weir/duplex/secure"
	"github.com/weir-go/weir/replicate"
)

// How long a peer that is not there is left alone. Each wait is a random part
// of a bound that doubles.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = 5 * time.Second
	// slowPause is for what another try will hardly change.
	slowPause = 30 * time.Second
)

// A joining stays connected to one address.
type joining struct {
	*peering
	at address

	mu   sync.Mutex
	said map[*served]string // the last failure that was told; of nil, to connect
}

// joinFor keeps sessions with the peer at an address, connecting anew whenever
// they end.
func (p *peering) joinFor(ctx, own context.Context, a address) {
	j := &joining{peering: p, at: a, said: map[*served]string{}}
	bound := firstPause
	for ctx.Err() == nil {
		start := time.Now()
		err := j.once(ctx, own)
		if ctx.Err() != nil {
			return
		}
		if time.Since(start) > lastPause {
			bound = firstPause
		}
		pause := time.Duration(rand.Int64N(int64(bound)))
		bound = min(2*bound, lastPause)
		if lasting(err) {
			pause = slowPause
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
	}
}

// lasting reports whether trying again at once is of no use: whoever is there
// is the wrong one, or a clock is wrong. That we are not trusted yet is what
// somebody there may be about to change.
func lasting(err error) bool {
	if err == nil || errors.Is(err, secure.ErrRefused) {
		return false
	}
	switch explain(err).Code {
	case exitIdentity, exitProtocol, exitNoReplica:
		return true
	}
	return errors.Is(err, replicate.ErrFuture)
}

// once connects and has a session for each replica, until all have ended. It
// returns an error only if none of them was of use.
func (j *joining) once(ctx, own context.Context) error {
	l, err := j.gate.dial(ctx, j.at, j.paths...)
	if err != nil {
		how := "is not there yet"
		if lasting(err) || explain(err).Code == exitIdentity {
			how = "left"
		}
		j.tell(ctx, nil, false, how, err)
		return err
	}
	j.mu.Lock()
	delete(j.said, nil)
	j.mu.Unlock()
	defer l.leave(own)
	var running sync.WaitGroup
	errs, used := make([]error, len(j.replicas)), false
	for i, r := range j.replicas {
		name, wanted := j.nameThere(r)
		if !wanted {
			continue
		}
		running.Go(func() {
			met, err := j.one(own, l, r, name)
			j.tell(ctx, r, met, "left", err)
			j.mu.Lock()
			used = used || met && !lasting(err)
			j.mu.Unlock()
			errs[i] = err
		})
	}
	running.Wait()
	if used {
		return nil
	}
	return firstError(errs...)
}

// nameThere is what a replica of ours is called at the other side: as here, if
// there are several.
func (j *joining) nameThere(r *served) (name string, wanted bool) {
	if !j.several {
		return j.at.name, true
	}
	return r.name, j.at.name == "" || j.at.name == r.name
}

// one has the session of one replica, if the peer is trusted with that one.
func (j *joining) one(ctx context.Context, l *link, r *served, name string) (met bool, err error) {
	if !mayUse(ctx, l.peer, j.gate.dialled(trustedOf(r.path))) {
		return false, notTrusted(l.peer, r.path)
	}
	stream, err := l.openSync(ctx, name)
	if err != nil {
		return false, err
	}
	return j.session(ctx, r, j.at.String(), stream.Duplex())
}

// tell tells how a session, or the try to have one, has ended. What goes on
// failing in the same way is told once.
func (j *joining) tell(ctx context.Context, r *served, met bool, how string, err error) {
	if ctx.Err() != nil {
		return
	}
	j.mu.Lock()
	text := fmt.Sprint(err)
	again := !met && j.said[r] == text
	j.said[r] = text
	j.mu.Unlock()
	if !again {
		j.left(r, j.at.String(), how, err)
	}
}
