package npm_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
)

// A paced peer has a line to read every so often, and the end behind the last.
type paced struct {
	lines [][]byte
	every time.Duration
	start time.Time
	taken int
	reads int
	late  time.Duration // how long a line has waited at most
}

func (p *paced) source(ctx context.Context) ([]byte, error) {
	p.reads++
	if p.taken == len(p.lines) {
		return nil, io.EOF
	}
	if wait := time.Until(p.due(p.taken)); wait > 0 {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil, pull.Cause(ctx)
		}
	}
	p.late = max(p.late, time.Since(p.due(p.taken)))
	from := p.taken
	for p.taken < len(p.lines) && time.Until(p.due(p.taken)) <= 0 {
		p.taken++
	}
	return bytes.Join(p.lines[from:p.taken], nil), nil
}

func (p *paced) due(i int) time.Time { return p.start.Add(time.Duration(i+1) * p.every) }

// load loads n lines that come one by one, with a SYNC in front of the line sync.
func load(t *testing.T, every time.Duration, n, sync int) *paced {
	t.Helper()
	p := &paced{every: every, start: time.Now()}
	for i := range n {
		line := fmt.Appendf(nil, `[["key%06d","the value of %06d"],%d,"B"]`+"\n", i, i, i+1)
		if i == sync {
			line = append([]byte("\"SYNC\"\n"), line...)
		}
		p.lines = append(p.lines, line)
	}
	s := openKind(t, newReplica(), "model", "A")
	stats, err := s.Load(t.Context(), p.source)
	require.NoError(t, err)
	require.EqualValues(t, n, stats.AppliedUpdates)
	return p
}

// Lines that come one by one are read many at a time, and no later than that.
func TestLinesGather(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n, every = 20_000, 8 * time.Microsecond
		p := load(t, every, n, n-1)
		assert.Less(t, p.reads, n/50)
		assert.LessOrEqual(t, p.late, time.Millisecond)
		assert.LessOrEqual(t, time.Since(p.start), n*every+time.Millisecond)
	})
}

// Who has little to say is waited for in vain, ever more rarely.
func TestFewLinesDoNotGather(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n, every = 1000, time.Millisecond / 2
		p := load(t, every, n, n-1)
		// 8, 16, … 512 chunks pass between two waits, and each joins two lines.
		assert.Greater(t, p.reads, n-3*7)
		assert.Less(t, p.reads, n)
	})
}

// Behind SYNC each line is read as it comes.
func TestLiveLinesDoNotGather(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := load(t, 8*time.Microsecond, 1000, 0)
		assert.Zero(t, p.late)
		assert.Equal(t, 1000+1, p.reads)
	})
}

// Who waits for lines to gather stops when its context is done.
func TestGatheringStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		defer cancel(nil)
		why := fmt.Errorf("enough")
		start, n := time.Now(), 0
		s := openKind(t, newReplica(), "model", "A")
		_, err := s.Load(ctx, func(ctx context.Context) ([]byte, error) {
			if ctx.Err() != nil {
				return nil, pull.Cause(ctx)
			}
			if n == 20 {
				return nil, io.EOF
			}
			if n++; n == 8 { // the wait is next
				time.AfterFunc(time.Microsecond, func() { cancel(why) })
			}
			return []byte("1\n"), nil
		})
		require.ErrorIs(t, err, why)
		assert.Equal(t, time.Microsecond, time.Since(start))
		assert.Equal(t, 8, n)
	})
}
