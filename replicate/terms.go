package replicate

import (
	"errors"

	"github.com/weir-go/weir/through/frame"
)

// terms are what each side of a partial session says it wants and allows. What
// goes one way is what the receiver wants and the sender allows.
type terms struct{ want, allow Filter }

func appendTerms(dst []byte, want, allow Filter) []byte {
	b := appendText(appendText([]byte{kindTerms}, want.code()), allow.code())
	return frame.Append(dst, b)
}

func parseTerms(payload []byte) (t terms, err error) {
	c := &cursor{b: payload[1:]}
	t.want, t.allow = c.filter(), c.filter()
	return t, c.end("terms")
}

// takeTerms takes the peer's terms, from which both ends compute the same two
// filters, one for each direction.
func (s *Session) takeTerms(msg []byte) error {
	t, err := parseTerms(msg)
	if err != nil {
		return err
	}
	in, out := s.cfg.Want.intersect(t.allow, maxRules), t.want.intersect(s.cfg.Allow, maxRules)
	if err := errors.Join(in.Check(), out.Check(), s.r.judges(out)); err != nil {
		return err
	}
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.agreed || s.state != stateTerms && s.state != stateOffered {
		return &FrameError{Frame: "terms", Err: errors.New("out of turn")}
	}
	s.only, s.under = newScope(in), s.r.enter(in)
	s.out.only = newScope(out)
	s.enc.only = s.out.only
	if s.agreed = true; s.state == stateOffered {
		s.state = stateMet
	}
	return nil
}
