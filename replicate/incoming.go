package replicate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/frame"
)

// ErrHandshake is returned when the peer has not said who it is in time.
var ErrHandshake = errors.New("replicate: no handshake in time")

// lastWords is how long a failing session waits for its reason to be sent, or
// for the peer's reason to arrive.
const lastWords = time.Second

// Run runs the session over d until it ends, and has ended both halves of d
// when it returns. A session that runs once, or was asked to Finish, ends with
// nil. Else Run returns why it ended: one of this package's errors, what the
// peer said ([RemoteError]), what the carrier failed with, an error matching
// io.ErrUnexpectedEOF if the peer vanished, or context.Cause(ctx). Everything
// that was applied before stays applied.
func (s *Session) Run(ctx context.Context, d duplex.Duplex[[]byte, []byte]) error {
	for _, f := range []Filter{s.cfg.Want, s.cfg.Allow} {
		if err := f.Check(); err != nil {
			_ = pull.Abort(d.Source, err)
			_ = d.Sink(ctx, pull.Error[[]byte](err))
			return err
		}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s.Begin()
	defer s.End()
	handshake := time.AfterFunc(s.cfg.HandshakeTimeout, func() {
		if s.waiting() {
			cancel(ErrHandshake)
		}
	})
	defer handshake.Stop()

	sent, received := make(chan error, 1), make(chan struct{})
	go func() {
		err := d.Sink(ctx, pull.From(s.next, nil))
		last := s.failure()
		if err != nil {
			err = fmt.Errorf("replicate: sending: %w", err)
			last = err
		}
		if last != nil {
			// What the peer said before it hung up is worth waiting for.
			late := time.AfterFunc(lastWords, func() { cancel(last) })
			defer late.Stop()
			<-received
		}
		sent <- err
	}()
	err := s.receive(ctx, d.Source)
	close(received)
	if err != nil && ctx.Err() == nil {
		// The peer is told why, if it listens.
		s.stop(err)
		late := time.AfterFunc(lastWords, func() { cancel(err) })
		defer late.Stop()
	}
	sentErr := <-sent
	return s.outcome(ctx, err, sentErr)
}

// outcome picks the error that tells most.
func (s *Session) outcome(ctx context.Context, received, sent error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.err != nil:
		return s.err
	case received == nil && sent == nil:
		return nil
	case received != nil && ctx.Err() == nil:
		return received
	case ctx.Err() != nil:
		return pull.Cause(ctx)
	}
	return sent
}

// waiting reports whether the handshake is not over.
func (s *Session) waiting() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state < stateStreaming
}

// receive reads the peer's frames to their end.
func (s *Session) receive(ctx context.Context, src pull.Source[[]byte]) error {
	counted := func(ctx context.Context) ([]byte, error) {
		chunk, err := src(ctx)
		s.receivedBytes.Add(int64(len(chunk)))
		return chunk, err
	}
	frames := frame.Decode(sniff(counted), maxFrame)
	for {
		msg, err := frames(ctx)
		if err == io.EOF {
			return s.ended()
		}
		if err != nil {
			return describe(err)
		}
		if err := s.take(msg); err != nil {
			return errors.Join(err, pull.Abort(frames, err))
		}
		s.c.poke()
	}
}

// describe says what a failure to read frames means here.
func describe(err error) error {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("replicate: cut off inside a frame: %w", io.ErrUnexpectedEOF)
	case errors.Is(err, frame.ErrChecksum), errors.Is(err, frame.ErrTooLarge):
		return &FrameError{Frame: "framing", Err: err}
	}
	return err
}

// ended judges the end of the peer's bytes: clean only after bye.
func (s *Session) ended() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.heard.bye {
		return nil
	}
	return fmt.Errorf("replicate: peer vanished: %w", io.ErrUnexpectedEOF)
}

// Take takes in what the peer's Next has returned: whole frames. It returns
// what Run returns for a frame that is refused, and the next call of Next then
// returns the frame that tells the peer. Not for several goroutines at once.
func (s *Session) Take(frames []byte) error {
	s.receivedBytes.Add(int64(len(frames)))
	for len(frames) > 0 {
		msg, n, err := frame.Parse(frames, maxFrame)
		if err != nil {
			err = describe(err)
		} else {
			err = s.take(msg)
		}
		if err != nil {
			s.stop(err)
			return err
		}
		frames = frames[n:]
	}
	return nil
}

// take moves the state machine by one frame.
func (s *Session) take(msg []byte) error {
	if len(msg) == 0 {
		return &FrameError{Frame: "empty", Err: errShort}
	}
	kind, state := msg[0], s.now()
	switch {
	case kind == kindError:
		return s.remote(parseError(msg))
	case state == stateAlone:
		return s.takeGreeting(msg)
	case kind == kindTerms:
		return s.takeTerms(msg)
	case kind == kindPosition:
		return s.takePosition(msg)
	case kind >= kindIgnorable:
		return nil
	case kind < kindUpdates || kind > kindBye:
		return &FrameError{Frame: "unknown", Err: fmt.Errorf("kind %d", kind)}
	case state < stateStreaming:
		return &FrameError{Frame: "early", Err: fmt.Errorf("kind %d before the handshake is over", kind)}
	case s.over():
		return &FrameError{Frame: "late", Err: fmt.Errorf("kind %d after bye", kind)}
	case kind == kindUpdates:
		return s.takeUpdates(msg)
	case kind == kindBye:
		return s.takeBye(msg)
	}
	return s.takeClock(msg)
}

func (s *Session) now() state {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

func (s *Session) over() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.heard.bye
}

// remote takes the peer's reason for ending.
func (s *Session) remote(err error) error {
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	if errors.Is(err, ErrForked) {
		s.r.disown()
	}
	s.r.suspect = s.r.suspect || !s.doubted && errors.Is(err, ErrDiverged)
	return err
}
