package muxdemux

import (
	"crypto/rand"
	"encoding/hex"
)

// A Config sets the bounds of a session. The zero value is the default.
type Config struct {
	// Hold is how many bytes of a stream's values wait to be read before the
	// peer is asked to pause it; each value counts 64 more than its text. 0
	// means 64 KiB.
	Hold int

	// Limit is how many bytes may wait, counted in the same way, before a
	// stream is cut whose peer does not pause, at least Hold. 0 means 1 MiB, or
	// Hold if that is more.
	Limit int

	// MaxLine is the longest line in bytes, in both directions. 0 means 1 MiB.
	MaxLine int

	// MaxStreams is how many streams of the peer's may be open at once, those
	// that wait to be accepted included; more are refused. 0 means 256;
	// negative means none.
	MaxStreams int

	// ID makes the id of a stream that is opened here. Ids must not repeat
	// within a session, at both ends together. nil means 24 random hexadecimal
	// digits.
	ID func() string
}

const (
	valueCost = 64       // bytes that a value counts more than its text
	maxID     = 256      // bytes of an id
	maxMeta   = 64 << 10 // bytes of metadata
)

func (c Config) withDefaults() Config {
	orDefault(&c.Hold, 64<<10)
	orDefault(&c.Limit, 1<<20)
	c.Limit = max(c.Limit, c.Hold)
	orDefault(&c.MaxLine, 1<<20)
	orDefault(&c.MaxStreams, 256)
	if c.ID == nil {
		c.ID = randomID
	}
	return c
}

func orDefault(n *int, value int) {
	if *n == 0 {
		*n = value
	}
}

func randomID() string {
	var b [12]byte
	_, _ = rand.Read(b[:]) // which does not fail
	return hex.EncodeToString(b[:])
}
