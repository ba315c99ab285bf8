package mux

import (
	"fmt"
	"time"
)

// A Config sets the bounds of a session. The zero value is the default, and
// the two ends need not agree.
type Config struct {
	// Idle is how long nothing at all may arrive before the peer counts as
	// gone and the session ends with ErrSilent. An idle session keeps itself
	// alive with a ping each Idle/5. 0 means 15 s; negative means never.
	Idle time.Duration

	// WriteTimeout is how long the connection may take for one write of at
	// most 32 KiB before the session ends. 0 means 15 s; negative means for
	// ever.
	WriteTimeout time.Duration

	// Handshake is how long Client and Server may take, their context
	// permitting. 0 means 5 s; negative means for ever.
	Handshake time.Duration

	// Window is how many bytes of a stream may arrive before they are read,
	// from 256 KiB to 16 MiB. 0 means 1 MiB.
	Window int
}

// Limits of Config.Window, in bytes.
const (
	minWindow = 256 << 10
	maxWindow = 16 << 20
)

func (c Config) withDefaults() (Config, error) {
	set := func(d *time.Duration, def time.Duration) {
		if *d == 0 {
			*d = def
		}
	}
	set(&c.Idle, 15*time.Second)
	set(&c.WriteTimeout, 15*time.Second)
	set(&c.Handshake, 5*time.Second)
	if c.Window == 0 {
		c.Window = 1 << 20
	}
	if c.Window < minWindow || c.Window > maxWindow {
		return c, fmt.Errorf("mux: window of %d bytes is not in %d … %d",
			c.Window, minWindow, maxWindow)
	}
	return c, nil
}
