package mux

import "time"

// lateTicks is how many ticks, a quarter of Config.Handshake apart, a stream's
// head may take. The first may come at once, and each after a time in which
// this process was stopped: for neither is the peer to blame.
const lateTicks = 4

// A headWatch has the janitor look after streams of the peer whose name and
// metadata are still on their way. It keeps no time while there are none.
type headWatch struct {
	timer   *time.Timer // nil before the first
	running bool
}

// tick is when to look again; nil means never.
func (w *headWatch) tick() <-chan time.Time {
	if !w.running {
		return nil
	}
	return w.timer.C
}

func (w *headWatch) run(every time.Duration) {
	w.running = true
	if w.timer == nil {
		w.timer = time.NewTimer(every)
		return
	}
	w.timer.Reset(every)
}

func (w *headWatch) stop() {
	if w.timer != nil {
		w.timer.Stop()
	}
}

// awaitHead begins to look after st, if its head has not come with its SYN.
// Callers hold mu, and are the janitor.
func (s *Session) awaitHead(st *Stream) {
	if st.head != nil && !st.taken && s.cfg.Handshake > 0 && !s.heads.running {
		s.heads.run(s.cfg.Handshake / lateTicks)
	}
}

// refuseLate refuses the streams whose heads are late, which would fill the
// backlog for good.
func (s *Session) refuseLate() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heads.running = false
	for _, st := range s.streams {
		if st.head == nil || st.taken {
			continue
		}
		if st.late++; st.late > lateTicks {
			s.refuseStream(st, CodeDeadline)
			continue
		}
		s.heads.running = true
	}
	if s.heads.running {
		s.heads.run(s.cfg.Handshake / lateTicks)
	}
}
