package replicate

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"slices"

	"github.com/weir-go/weir/through/frame"
)

// next makes the outgoing bytes: each call returns the frame that the
// session's state calls for, and waits where it calls for none. Updates are
// cut from the log here, at the moment of the pull.
func (s *Session) next(ctx context.Context) ([]byte, error) {
	for {
		if chunk, err := s.Next(); chunk != nil || err != nil {
			return chunk, err
		}
		if err := s.c.wait(ctx); err != nil {
			return nil, err
		}
	}
}

// Next returns the frame that the session's state calls for, nil if it calls
// for none before the peer's next frame or the replica's next change, and
// io.EOF after the last. The chunk is the caller's.
func (s *Session) Next() ([]byte, error) {
	chunk, err := s.step()
	s.sentBytes.Add(int64(len(chunk)))
	return chunk, err
}

func (s *Session) step() ([]byte, error) {
	r := s.r
	r.mu.Lock()
	defer r.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = r.failed // what the peer sends can never be acked
	}
	if s.err != nil && s.state != stateLeft && s.greeted {
		s.state = stateLeft
		return appendError(nil, s.err), nil
	}
	if !s.greeted {
		s.greeted = true
		return s.start.greeting.append(nil), nil
	}
	switch s.state {
	case stateTerms:
		if s.state = stateOffered; s.agreed {
			s.state = stateMet
		}
		return appendTerms(nil, s.cfg.Want, s.cfg.Allow), nil
	case stateMet:
		s.state = statePlaced
		if s.placed {
			s.state = stateStreaming
		}
		return s.position(), nil
	case stateStreaming:
		if s.staging != nil {
			return nil, nil // what this side holds is not to be known
		}
		return s.stream(), nil
	case stateLeft:
		return nil, io.EOF
	}
	return nil, nil // waiting for the peer
}

// position says where this replica stands and how far it has heard the peer.
func (s *Session) position() []byte {
	r := s.r
	s.stand()
	p := position{filter: s.only.only(), horizon: s.told, resync: s.resync}
	if t, ok := r.tokensOf(s.under)[s.peer.id]; ok && t.Epoch == s.peer.epoch {
		p.token = &t
	}
	if !s.partial && covers(s.announced, r.publicClock()) {
		p.whole, p.print, p.remainders = r.whole(), r.content(), r.remainders()
	}
	return appendPosition(nil, r.authors, s.announced, p)
}

// stand settles what the peer is told of where this replica stands.
func (s *Session) stand() {
	if s.announced == nil {
		s.announced = append([]Time{}, s.r.publicUnder(s.only)...)
		s.told = slices.Clone(s.r.horizon)
		s.resync = s.cfg.Resync != nil || s.r.blank()
	}
}

// stream returns an ack if one is due, else updates, else a marker, else bye.
func (s *Session) stream() []byte {
	r, o := s.r, &s.out
	if s.due != nil && s.keptPromise() {
		due := s.withOwn(s.due)
		s.due = nil
		return s.enc.ack(nil, r.authors, due)
	}
	for {
		if o.silent && s.leaving() {
			s.state = stateLeft
			if s.partial {
				return appendBye(nil, bye{})
			}
			return appendBye(nil, r.bye())
		}
		if o.silent && !o.next(r) {
			return nil
		}
		var complete bool
		if s.buf, complete = o.collect(&r.log, s.buf); len(s.buf) > 0 {
			s.sentUpdates.Add(int64(len(s.buf)))
			chunk := s.enc.updates(nil, s.buf, o.pos)
			clear(s.buf)
			return chunk
		}
		if complete && !o.silent {
			if s.goal == nil && o.pos < s.start.seq {
				// The first marker says that the peer has all that we had when
				// we met. Some of that is not in our journal yet.
				if r.visible() <= o.pos {
					return nil
				}
				o.next(r)
				continue
			}
			o.marked()
			if s.goal == nil {
				s.goal = o.promise
			}
			return s.enc.marker(nil, r.authors, marker{pos: o.pos, clock: o.promise})
		}
	}
}

// keptPromise reports whether what the peer has been heard to promise is
// durable here. Of a peer that is not believed that is all that it has sent.
func (s *Session) keptPromise() bool {
	if s.doubted {
		return s.r.visible() >= s.dueAt
	}
	return covers(s.r.publicUnder(s.only), s.due)
}

// withOwn adds to what is acked what this replica has written since it said where
// it stands. Whoever hears that it holds a deletion is to know what it wrote
// before it did; see member.
func (s *Session) withOwn(clock []Time) []Time {
	if s.partial {
		return clock
	}
	r := s.r
	own := make([]Time, len(r.authors))
	for i, t := range r.publicClock() {
		if t > timeAt(s.announced, i) && r.wrote(r.authors[i].name) {
			own[i] = t
		}
	}
	return joined(clock, own)
}

// leaving reports whether it is time to go: both sides have, durably, what the
// other had, and one of them wants no more.
func (s *Session) leaving() bool {
	done := s.heard.marker && s.due == nil && s.goal != nil && covers(s.said, s.goal) &&
		s.r.visible() >= s.start.seq
	if done {
		s.caughtUp.Store(true)
	}
	return done && (s.once || s.heard.bye)
}

// Codes of error frames. They go over the wire: the list only grows.
var errorCodes = []error{
	1:  ErrVersion,
	2:  ErrWrongSet,
	3:  ErrForked,
	4:  ErrUnknownType,
	5:  ErrFuture,
	6:  ErrCorrupt,
	7:  ErrSelf,
	8:  ErrSuperseded,
	9:  ErrNotWeir,
	10: ErrDiverged,
	11: ErrBehind,
	12: ErrResynced,
	13: ErrUnsigned,
	14: ErrSignature,
	15: ErrUntrusted,
	16: ErrBehindPeer,
	17: ErrPeerBehind,
	18: ErrInFull,
}

// heardAs is what a code means to whom it is sent, where that is not what it
// means to the sender.
func heardAs(sent error) error {
	switch sent {
	case ErrBehindPeer:
		return ErrPeerBehind
	case ErrPeerBehind:
		return ErrBehindPeer
	}
	return sent
}

// A RemoteError is the reason that the peer gave for ending the session. It
// matches the error that the peer had, where that is one of this package's.
type RemoteError struct {
	Code uint64 // 0 for a reason that has no code
	Text string // what the peer said, at most 1 KiB
}

// Error quotes the peer, unless what it says means something else here.
func (e *RemoteError) Error() string {
	if here := e.here(); here != heardAs(here) {
		return here.Error()
	}
	return "peer: " + e.Text
}

// here is the error that the reason is at this end, or nil.
func (e *RemoteError) here() error {
	if e.Code >= uint64(len(errorCodes)) {
		return nil
	}
	return heardAs(errorCodes[e.Code])
}

// Is reports whether target is the sentinel of the code.
func (e *RemoteError) Is(target error) bool {
	here := e.here()
	return here != nil && errors.Is(here, target)
}

const maxErrorText = 1 << 10

func appendError(dst []byte, err error) []byte {
	code := 0
	for i, sentinel := range errorCodes {
		if sentinel != nil && errors.Is(err, sentinel) {
			code = i
		}
	}
	text := err.Error()
	b := binary.AppendUvarint([]byte{kindError}, uint64(code))
	return frame.Append(dst, appendText(b, text[:min(len(text), maxErrorText)]))
}

func parseError(payload []byte) error {
	c := &cursor{b: payload[1:]}
	e := &RemoteError{Code: c.uvarint(), Text: c.text(maxErrorText)}
	if err := c.end("error"); err != nil {
		return err
	}
	return e
}
