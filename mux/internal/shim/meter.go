package shim

import "time"

// Idle frames are those that bring nothing: pings, empty frames, updates and
// messages for streams that have gone, a window that is widened again and
// again. A peer may send so many, and is cut off when it sends more.
const (
	idleBurst     = 1000 // at once
	idlePerSecond = 1000
	idlePerStream = 4 // more for each stream that is opened
)

// A meter counts the idle frames that the peer may still send.
type meter struct {
	left int
	at   time.Time // when left was last filled up
}

// charge counts one idle frame.
func (m *meter) charge() error {
	if m.left--; m.left > 0 {
		return nil
	}
	now := time.Now()
	m.earn(int(min(now.Sub(m.at), time.Second) * idlePerSecond / time.Second))
	if m.at = now; m.left <= 0 {
		return protocolError("over %d frames a second that bring nothing", idlePerSecond)
	}
	return nil
}

func (m *meter) earn(n int) { m.left = min(m.left+n, idleBurst) }

// Charge counts a message of the control stream as one that brings nothing.
// Only the handler's Data may call it.
func (c *Conn) Charge() error { return c.idle.charge() }
