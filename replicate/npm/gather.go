package npm

import (
	"context"
	"time"
)

// What a gatherer takes for few bytes, how many chunks of that size in a row it
// lets pass, and how long it then waits for more.
const (
	fewBytes   = 4 << 10
	fewChunks  = 8
	gatherTime = time.Millisecond
)

// A gatherer lets bytes gather before they are read. A sender in JavaScript writes
// each line by itself and is slower than a reader here, who is then woken for each
// line: that costs either of them more than the line does. Before SYNC nobody waits
// for a single line, so the reader comes back a little later and finds many.
//
// Where waiting brings nothing, as with a peer that has little to say, it is done
// ever more rarely: n chunks are waited for at most about log n times.
type gatherer struct {
	few    int // chunks in a row of few bytes
	allow  int // how many of these pass before the next wait; 0 means fewChunks
	waited bool
}

// wait waits, if that seems worth it, for no longer than ctx lives.
func (g *gatherer) wait(ctx context.Context) {
	if g.few < max(g.allow, fewChunks) {
		return
	}
	g.waited = true
	timer := time.NewTimer(gatherTime)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// got notes that n bytes have come.
func (g *gatherer) got(n int) {
	switch {
	case n < fewBytes && g.waited: // in vain
		g.allow = 2 * max(g.allow, fewChunks)
		g.few = 0
	case n < fewBytes:
		g.few++
	case g.waited:
		g.allow, g.few = 0, fewChunks // the same again
	}
	g.waited = false
}
