package mux

import (
	"fmt"
	"log/slog"
	"time"
	"unicode/utf8"

	"github.com/weir-go/weir/mux/internal/wire"
)

// A Config sets the bounds of a session. The zero value is the default. The
// two ends need not agree: each tells the other its limits in the handshake,
// and keeps to those it was told.
type Config struct {
	// Application names what the streams are for, and in which version, in
	// at most 255 bytes of UTF-8: "chat/2". Two ends with different ones
	// refuse each other with an ApplicationError; "" joins anything.
	Application string

	// Idle is how long nothing at all may arrive before the peer counts as
	// gone and the session ends with ErrSilent. An idle session keeps itself
	// alive with a ping each Idle/5. 0 means 15 s; negative means never.
	Idle time.Duration

	// WriteTimeout is how long the connection may take for one write of
	// about 32 KiB before the session ends. 0 means 15 s; negative means for
	// ever.
	WriteTimeout time.Duration

	// Handshake is how long Client and Server may take, their context
	// permitting, and how long the name and metadata of a stream of the peer
	// may take from its first frame, or up to a quarter more; then the stream
	// is refused with CodeDeadline. 0 means 5 s; negative means for ever.
	Handshake time.Duration

	// Window is how many bytes of a stream may arrive before they are read,
	// from 256 KiB to 16 MiB. 0 means by the round trip that the handshake
	// took: 256 KiB below 2 ms, 1 MiB below 30 ms, else 16 MiB.
	Window int

	// MaxStreams is how many streams of the peer may be open at once, up to
	// 1,048,576. The peer's Open waits while there are so many. 0 means 256;
	// negative means none.
	MaxStreams int

	// MaxOpen is how many streams may be opened here at once, up to
	// 1,048,576; the peer's MaxStreams holds as well. 0 means 256.
	MaxOpen int

	// Backlog is how many streams of the peer may wait to be accepted, at most
	// MaxStreams. The peer's Open waits while there are so many. 0 means 256,
	// or MaxStreams if that is less.
	Backlog int

	// Budget bounds the bytes that streams of the peer's hold here. Sessions
	// with the same peer may share one. nil means a budget of its own, with
	// the defaults.
	Budget *Budget

	// Logger gets a line when the session ends with an error, when a stream
	// falls victim to the budget, and when a Router without Failed has a
	// handler that panics, at most ten lines a session. nil means silence.
	Logger *slog.Logger
}

// Limits of a Config.
const (
	minWindow  = 256 << 10
	maxWindow  = 16 << 20
	maxStreams = 1 << 20
)

const defaultStreams = 256

func orDefault[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

func (c Config) withDefaults() (Config, error) {
	orDefault(&c.Idle, 15*time.Second)
	orDefault(&c.WriteTimeout, 15*time.Second)
	orDefault(&c.Handshake, 5*time.Second)
	orDefault(&c.MaxStreams, defaultStreams)
	orDefault(&c.MaxOpen, defaultStreams)
	c.MaxStreams = max(0, c.MaxStreams)
	orDefault(&c.Backlog, min(defaultStreams, c.MaxStreams))
	orDefault(&c.Budget, new(Budget))
	return c, c.check()
}

func (c Config) check() error {
	bad := func(what string, n, low, high int) error {
		return fmt.Errorf("mux: %s of %d is not in %d … %d", what, n, low, high)
	}
	switch {
	case c.Window != 0 && (c.Window < minWindow || c.Window > maxWindow):
		return bad("window", c.Window, minWindow, maxWindow)
	case c.MaxStreams > maxStreams:
		return bad("MaxStreams", c.MaxStreams, 0, maxStreams)
	case c.MaxOpen < 0 || c.MaxOpen > maxStreams:
		return bad("MaxOpen", c.MaxOpen, 0, maxStreams)
	case c.Backlog < 0 || c.Backlog > c.MaxStreams:
		return bad("Backlog", c.Backlog, 0, c.MaxStreams)
	case len(c.Application) > wire.MaxApplication || !utf8.ValidString(c.Application):
		return fmt.Errorf("mux: application id %.40q is over %d bytes or not UTF-8",
			c.Application, wire.MaxApplication)
	case c.Budget.Bytes < 0 || c.Budget.Streams < 0:
		return fmt.Errorf("mux: budget of %d bytes and %d streams is negative",
			c.Budget.Bytes, c.Budget.Streams)
	}
	return nil
}

// windowFor is the window for a round trip: about twice what a fast link
// carries in one, and no more, since a large window costs memory and delay.
func windowFor(rtt time.Duration) int {
	switch {
	case rtt < 2*time.Millisecond:
		return minWindow
	case rtt < 30*time.Millisecond:
		return 1 << 20
	}
	return maxWindow
}
