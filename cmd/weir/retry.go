package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"regexp"
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

// retry calls once, which stays connected for as long as that lasts, again and
// again until ctx is done.
func retry(ctx context.Context, once func() error) {
	bound := firstPause
	for ctx.Err() == nil {
		start := time.Now()
		err := once()
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
// is the wrong one, a clock is wrong, or one side is behind. That one side does
// not trust the other is what somebody may be about to change.
func lasting(err error) bool {
	if err == nil || errors.Is(err, secure.ErrRefused) || errors.Is(err, secure.ErrUnknownPeer) {
		return false
	}
	switch explain(err).Code {
	case exitIdentity, exitProtocol, exitNoReplica:
		return true
	}
	for _, reason := range []error{
		replicate.ErrFuture, replicate.ErrBehindPeer, replicate.ErrPeerBehind, replicate.ErrInFull,
	} {
		if errors.Is(err, reason) {
			return true
		}
	}
	return false
}

// sayings are how each of several things has failed last, as was told. What goes
// on failing in the same way is told once.
type sayings[K comparable] struct {
	mu   sync.Mutex
	last map[K]string
}

// ownPort is what differs each time in the failure of a connection.
var ownPort = regexp.MustCompile(`[^ ]+->`)

// news notes what is to be told of one, err or, if that is nil, that it has happened,
// and reports whether that is news. It is not if the last was the same and the other
// side was not met in between; of a failure that lasts, not even if it was.
func (s *sayings[K]) news(of K, met bool, err error) bool {
	text := "left"
	if err != nil {
		text = ownPort.ReplaceAllString(err.Error(), "")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	again := s.last[of] == text && (!met || lasting(err))
	if s.last == nil {
		s.last = map[K]string{}
	}
	s.last[of] = text
	return !again
}

// forget has the next failure of one told in any case.
func (s *sayings[K]) forget(of K) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.last, of)
}
