package mux

import (
	"time"

	"github.com/weir-go/weir/mux/internal/shim"
	"github.com/weir-go/weir/mux/internal/wire"
)

// linger is how long a session that is over waits for the peer to close too.
const linger = 2 * time.Second

// A job is something that may wait for yamux, for the janitor to do.
type job struct {
	kind   jobKind
	stream *Stream // of jobClose and jobEvicted
	err    error   // of jobFail
}

type jobKind int

const (
	jobAttach  jobKind = iota // take the next stream of the peer from yamux
	jobClose                  // send the stream's FIN
	jobDrain                  // say DRAIN
	jobEvicted                // say that the budget has aborted the stream
	jobFail                   // end the session
)

// maxLogged is how many lines a session logs.
const maxLogged = 10

// The janitor does what the goroutines that carry bytes must not wait for, and
// keeps time. When the session has ended it waits for all others.
func (s *Session) janitor() {
	defer close(s.done)
	idle := newWatch(s.cfg.Idle)
	defer idle.timer.Stop()
	defer s.heads.stop()
	for {
		select {
		case <-s.work:
			s.doJobs()
			if s.over() {
				idle.lingering()
			}
			continue
		case <-idle.timer.C:
			s.tick(idle)
			continue
		case <-s.heads.tick():
			s.refuseLate()
			continue
		case <-s.dead:
		}
		break
	}
	_ = s.yamux.Close()
	s.shim.Wait()
	s.cfg.Budget.leave(s)
	if err := s.Err(); err != nil && s.cfg.Logger != nil {
		s.cfg.Logger.Warn("mux: session ended", "cause", err)
	}
}

// A watch counts the ticks at which nothing had arrived since the last.
// Counting ticks and not seconds, it does not blame the peer for a time in
// which this process was stopped.
type watch struct {
	timer  *time.Timer
	every  time.Duration
	seen   uint64
	silent int
	over   bool
}

// silentTicks of nothing end the session, a fifth of Idle apart; the last
// arrival is up to one tick older than the first of them.
const silentTicks = 4

func newWatch(idle time.Duration) *watch {
	w := &watch{every: max(idle/(silentTicks+1), time.Millisecond)}
	if idle < 0 {
		w.every = 1 << 60
	}
	w.timer = time.NewTimer(w.every)
	return w
}

func (w *watch) lingering() {
	if !w.over {
		w.over = true
		w.timer.Reset(linger)
	}
}

func (s *Session) tick(w *watch) {
	if w.over {
		s.fail(nil)
		return
	}
	w.timer.Reset(w.every)
	received, _ := s.shim.Bytes()
	if received != w.seen {
		w.seen, w.silent = received, 0
		return
	}
	w.silent++
	if w.silent >= silentTicks {
		s.fail(ErrSilent)
		return
	}
	s.mu.Lock()
	s.ping.nonce, s.ping.at = received, time.Now()
	s.send(wire.Message{Kind: wire.Ping, Nonce: received})
	s.mu.Unlock()
	s.shrink()
}

// shrink gives up the buffers that nothing needs for now.
func (s *Session) shrink() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spare = nil
}

// evicted says that a stream was aborted, and why.
func (s *Session) evicted(st *Stream) {
	s.warn("mux: stream aborted", st, st.evicted)
}

// panicked says that the handler of a stream has, where nobody else would.
func (s *Session) panicked(st *Stream, err error) {
	s.warn("mux: handler panicked", st, err)
}

// warn logs a line of a stream, unless there were too many.
func (s *Session) warn(what string, st *Stream, cause error) {
	if s.cfg.Logger != nil && s.logged.Add(1) < maxLogged {
		s.cfg.Logger.Warn(what, "stream", st.id, "name", st.name, "cause", cause)
	}
}

func (s *Session) doJobs() {
	for {
		s.mu.Lock()
		jobs := s.jobs
		s.jobs = nil
		s.mu.Unlock()
		if len(jobs) == 0 {
			return
		}
		for _, j := range jobs {
			switch j.kind {
			case jobAttach:
				s.attach()
			case jobClose:
				_ = j.stream.yamux.Close()
			case jobEvicted:
				s.evicted(j.stream)
			case jobFail:
				s.fail(j.err)
			case jobDrain:
				s.sayDrain()
			}
		}
	}
}

// attach takes a stream of the peer from yamux, which has just got its SYN,
// and so acknowledges it.
func (s *Session) attach() {
	ys, err := s.yamux.AcceptStream()
	if err != nil {
		return // the session has ended
	}
	if ys.StreamID() == shim.Control {
		close(s.up)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.streams[ys.StreamID()]
	st.yamux = ys
	if st.taken {
		s.take(st)
	} else {
		s.offer(st)
		s.awaitHead(st)
	}
}

// addJob queues a job. Callers hold mu.
func (s *Session) addJob(j job) {
	s.jobs = append(s.jobs, j)
	signal(s.work)
}

// send queues a message on the control stream. After DRAINED there is nothing to
// say; nor is there for a session that has ended, whose peer is to see the
// connection's end and not, now and then, what ended it here. Callers hold mu.
func (s *Session) send(m wire.Message) {
	if s.drain.overSent || s.isDead() {
		return
	}
	if err := s.shim.SendControl(wire.AppendMessage(nil, m)); err != nil {
		s.addJob(job{kind: jobFail, err: err})
	}
}

// signal fills a 1-slot channel.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
