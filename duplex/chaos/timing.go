package chaos

import (
	"math"
	"math/bits"
	"sync"
	"time"
)

// never is later than any time of a line, which is in nanoseconds from its
// making.
const never = math.MaxInt64

// A shaper lets bytes depart at a rate, without an error that adds up.
type shaper struct {
	rate  int64 // bytes per second; 0 means unlimited
	start int64 // since when bytes have departed without a pause …
	bytes int64 // … and how many
	last  int64 // when the last one departs
}

// depart returns when the last of n bytes departs that come now.
func (s *shaper) depart(now int64, n int) int64 {
	if s.rate == 0 {
		s.last = now
		return now
	}
	if now > s.last {
		s.start, s.bytes = now, 0
	}
	s.bytes += int64(n)
	s.start += s.bytes / s.rate * int64(time.Second)
	s.bytes %= s.rate
	s.last = s.start + s.takes(s.bytes)
	return s.last
}

// takes returns how long n bytes take.
func (s *shaper) takes(n int64) int64 {
	hi, lo := bits.Mul64(uint64(n), uint64(time.Second))
	d, _ := bits.Div64(hi, lo, uint64(s.rate))
	return int64(d)
}

// free returns when no more than n bytes wait.
func (s *shaper) free(n int) int64 {
	if s.rate == 0 {
		return 0
	}
	return s.last - s.takes(int64(n))
}

// piece is how many bytes pass at once.
func (s *shaper) piece() int {
	if s.rate == 0 {
		return maxHeld
	}
	return int(min(max(minPiece, s.rate/1000), maxHeld))
}

// A mark says when the bytes before an offset arrive.
type mark struct{ upto, due int64 }

// marks is a queue of them, in order of both.
type marks struct {
	q    []mark
	head int
}

func (m *marks) empty() bool { return m.head == len(m.q) }
func (m *marks) first() mark { return m.q[m.head] }
func (m *marks) clear()      { *m = marks{} }

// push adds a mark, or moves the last one that is due at the same time.
func (m *marks) push(k mark) {
	if n := len(m.q); n > m.head && m.q[n-1].due == k.due {
		m.q[n-1] = k
		return
	}
	if m.head > 1024 && m.head > len(m.q)/2 {
		m.q = m.q[:copy(m.q, m.q[m.head:])]
		m.head = 0
	}
	m.q = append(m.q, k)
}

func (m *marks) pop() {
	if m.head++; m.head == len(m.q) {
		m.q, m.head = m.q[:0], 0
	}
}

// A gate is where goroutines wait for a change of what mu guards.
type gate struct{ changed chan struct{} }

// open lets everybody go on. The caller holds mu.
func (g *gate) open() {
	if g.changed != nil {
		close(g.changed)
		g.changed = nil
	}
}

// wait gives up mu until the gate is opened or d has passed, if it is not
// negative.
func (g *gate) wait(mu *sync.Mutex, d time.Duration) {
	if g.changed == nil {
		g.changed = make(chan struct{})
	}
	changed := g.changed
	mu.Unlock()
	defer mu.Lock()
	if d < 0 {
		<-changed
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-changed:
	case <-t.C:
	}
}
