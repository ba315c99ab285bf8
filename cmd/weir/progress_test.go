package main

import (
	"bytes"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// screen is a terminal that can be looked at.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

// shown is what was written since it was last asked.
func (s *screen) shown() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.text.Reset()
	return s.text.String()
}

// Reading a large file shows a bar once it has taken a second, with how far it
// is, and nothing of it stays on the screen. What is short, or goes elsewhere than
// to a terminal, shows none.
func TestReadingShowsABar(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s screen
		e := &env{stderr: &s, errPaper: paper{Terminal: true}}
		cfg, end := e.reading("big\x1b")
		cfg.Progress(1<<20, 100<<20)
		time.Sleep(long / 2)
		cfg.Progress(2<<20, 100<<20)
		assert.Empty(t, s.shown(), "it may be short")
		time.Sleep(long)
		cfg.Progress(50<<20, 100<<20)
		text := s.shown()
		assert.Contains(t, text, `reading big\x1b`)
		assert.Contains(t, text, "50%")
		assert.Contains(t, text, "/105 MB")
		end()
		assert.Regexp(t, `\r *\r?$|\x1b\[2K`, s.shown(), "the bar is cleared")
		cfg.Progress(60<<20, 100<<20)
		assert.Empty(t, s.shown(), "it has ended")

		cfg, end = e.reading("small")
		cfg.Progress(1, 1)
		end()
		time.Sleep(2 * long)
		for _, quiet := range []*env{
			{stderr: &s}, {stderr: &s, errPaper: paper{Terminal: true}, out: paper{JSON: true}},
		} {
			cfg, end = quiet.reading("big")
			time.Sleep(2 * long)
			cfg.Progress(50, 100)
			end()
		}
		assert.Empty(t, s.shown())
	})
}
