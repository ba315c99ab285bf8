package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// What a clock is called depends on what the round trip lets us know.
func TestClock(t *testing.T) {
	for _, c := range []struct {
		skew, rtt time.Duration
		ok        bool
		found     string
	}{
		{0, 200 * time.Microsecond, true, "the same, within 1.1 ms"},
		{-20 * time.Millisecond, 40 * time.Millisecond, true, "the same, within 21 ms"},
		{30 * time.Millisecond, 2 * time.Millisecond, true, "30 ms ahead of ours"},
		{-2500 * time.Millisecond, 2 * time.Millisecond, false, "2.50 s behind ours"},
		{time.Hour, time.Millisecond, false, "3600.00 s ahead of ours"},
	} {
		s := clockOf("there", c.skew, c.rtt)
		assert.Equal(t, c.ok, s.OK, "%+v", c)
		assert.Equal(t, c.found, s.Found)
		assert.Equal(t, c.skew.Seconds(), s.Number)
		assert.Equal(t, c.ok, s.Do == "")
	}
}
