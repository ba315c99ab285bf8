package npm

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
)

// batchSize is how many bytes of lines are made at once, but for one that is longer.
const batchSize = 32 << 10

// sender makes the lines that a peer is sent.
type sender struct {
	t     *Session
	src   pull.Source[[]*replicate.Update]
	round []*replicate.Update // what is being sent
	left  []*replicate.Update // the rest of what of it the originals would send
	last  bool                // there is no round behind this one
	state sendState
	buf   []byte
}

// sendState is where a sender stands.
type sendState int

const (
	sendHeader sendState = iota // nothing was sent
	sendWait                    // the header; the peer's is awaited
	sendFirst                   // all that it has not, then SYNC
	sendLive                    // what comes
)

// outgoing is what the peer is sent. It ends when the peer has ended, when a
// session that runs once is in sync, or when it is to finish.
func (t *Session) outgoing() pull.Source[[]byte] {
	o := &sender{t: t}
	return pull.From(o.next, func(cause error) error {
		if o.src == nil {
			return nil
		}
		return pull.Abort(o.src, cause)
	})
}

func (o *sender) next(ctx context.Context) ([]byte, error) {
	t := o.t
	switch o.state {
	case sendHeader:
		if t.cfg.Once { // later is too late for what is not durable yet
			if err := t.s.r.Flush(ctx); err != nil {
				return nil, err
			}
		}
		o.state = sendWait
		return appendHeader(nil, t.s.current(), t.s.clock(false), t.meta), nil
	case sendWait:
		if err := t.await(ctx, t.met); err != nil {
			return nil, err
		}
		o.open()
		o.state = sendFirst
		if err := o.more(ctx); err != nil {
			return nil, err
		}
	}
	for {
		if chunk := o.lines(); len(chunk) > 0 {
			return chunk, nil
		}
		switch {
		case o.last:
			return nil, io.EOF
		case o.state == sendLive && t.cfg.Once:
			if err := t.await(ctx, t.synced); err != nil {
				return nil, err
			}
			return nil, io.EOF
		}
		if err := o.more(ctx); err != nil {
			return nil, err
		}
	}
}

// open begins with all that the peer has not.
func (o *sender) open() {
	first, others := o.t.s.handles()
	o.src = first.Covered(o.t.knownOf, others...)
}

// await waits for something that the peer does; if it ends instead, or the session
// is to finish, so do we.
func (t *Session) await(ctx context.Context, done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	default:
	}
	select {
	case <-done:
		return nil
	case <-t.gone.Done():
		return io.EOF
	case <-t.last.Done():
		return io.EOF
	case <-ctx.Done():
		return pull.Cause(ctx)
	}
}

// Why no more rounds are waited for.
var (
	errGone   = errors.New("npm: peer has ended")
	errFinish = errors.New("npm: session is to finish")
)

// more waits for the next round, or for the peer's end. When the session is to
// finish, what is covered then is the last.
func (o *sender) more(ctx context.Context) (err error) {
	wait, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	defer context.AfterFunc(o.t.gone, func() { stop(errGone) })()
	defer context.AfterFunc(o.t.last, func() { stop(errFinish) })()
	o.round, err = o.src(wait)
	if err == errFinish {
		if err = o.t.s.r.Flush(ctx); err != nil {
			return err
		}
		o.last = true
		o.open()
		o.round, err = o.src(ctx)
	}
	if err == errGone {
		return io.EOF
	}
	o.left = o.t.s.history(o.round)
	return err
}

// history returns those of the updates that the originals would have in their
// history, as they sort it: by timestamp, and where these are equal by id.
func (s *Scuttlebutt) history(updates []*replicate.Update) []*replicate.Update {
	kept := make([]*replicate.Update, 0, len(updates))
	for _, p := range s.all() {
		name := p.handle.Name()
		p.handle.View(func(o replicate.Object) {
			for _, u := range updates {
				if u.Object() == name && o.(*base).kept(u) {
					kept = append(kept, u)
				}
			}
		})
	}
	sortHistory(kept)
	return kept
}

func sortHistory(updates []*replicate.Update) {
	slices.SortFunc(updates, func(u, v *replicate.Update) int {
		switch a, b := u.Stamp().Time, v.Stamp().Time; {
		case a < b:
			return -1
		case a > b:
			return 1
		}
		return idOf(u).compare(idOf(v))
	})
}

// lines makes lines of what fits, and SYNC behind the first round.
func (o *sender) lines() []byte {
	t := o.t
	dst := o.buf[:0]
	n := 0
	t.mu.Lock()
	for len(o.left) > 0 && len(dst) < batchSize {
		u := o.left[0]
		o.left = o.left[1:]
		s := u.Stamp()
		if s.Time <= t.known[s.Author] {
			continue // the peer has sent it meanwhile, or something above it
		}
		t.known[s.Author] = s.Time
		if line, ok := t.s.appendLine(dst, u); ok {
			dst = line
			n++
		}
	}
	if len(o.left) == 0 { // nothing of the round is left to say
		for _, u := range o.round {
			s := u.Stamp()
			t.known[s.Author] = max(t.known[s.Author], s.Time)
		}
		o.round = nil
	}
	t.mu.Unlock()
	t.sent.Add(int64(n))
	if o.round == nil && o.state == sendFirst {
		o.state = sendLive
		dst = append(dst, syncWord+"\n"...)
		t.syncSent.Store(true)
	}
	o.buf = dst[:0]
	return slices.Clone(dst)
}

// appendLine appends the line of an update, unless it is nothing to the originals.
func (s *Scuttlebutt) appendLine(dst []byte, u *replicate.Update) ([]byte, bool) {
	o, ok := parseOp(u.Op())
	if !ok {
		return dst, false
	}
	return appendUpdate(dst, s.wrap(u.Object(), o.change), u.Stamp().Time, idOf(u), o.extra), true
}
