package pulltest

import (
	"context"
	"sync"
	"testing"

	"github.com/weir-go/weir/pull"
)

// Guard returns src with a watch on whoever reads it: the test fails when two
// calls overlap, when src is read or aborted after its end, when it is aborted
// twice, and when at the end of the test it was read but neither ended nor
// aborted.
func Guard[T any](t testing.TB, src pull.Source[T]) pull.Source[T] {
	t.Helper()
	g := &guard[T]{src: src, law: lawFinality, report: func(law, format string, args ...any) {
		t.Errorf("law %q broken by the reader of a guarded source: "+format,
			append([]any{law}, args...)...)
	}}
	t.Cleanup(func() {
		if s := g.seen(); s.live > 0 && !s.ended() {
			g.report(lawSink, "read %d times, then neither ended nor aborted", s.live)
		}
	})
	return g.next
}

// A guard watches the caller of src.
type guard[T any] struct {
	src    pull.Source[T]
	law    string // which law forbids reading on after the end
	report func(law, format string, args ...any)

	mu      sync.Mutex
	running int
	sight
}

// A sight is what a guard has seen.
type sight struct {
	calls  int   // calls of any kind
	live   int   // calls with a live context
	values int   // values returned
	end    error // the first error returned
	cause  error // why the context of the ending call was done, if it was
}

func (s sight) ended() bool { return s.end != nil }

func (g *guard[T]) seen() sight {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.sight
}

func (g *guard[T]) next(ctx context.Context) (T, error) {
	g.enter(ctx)
	defer g.leave()
	v, err := g.src(ctx)
	g.judge(ctx, err)
	return v, err
}

func (g *guard[T]) enter(ctx context.Context) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.running++; g.running > 1 {
		g.report(lawOneAtTime, "%d calls overlap", g.running)
	}
	g.calls++
	dead := ctx.Err() != nil
	switch {
	case g.end != nil && dead && g.cause != nil:
		g.report(lawAbort, "aborted twice: because of %v, now of %v", g.cause, pull.Cause(ctx))
	case g.end != nil && dead:
		g.report(lawThrough, "aborted (%v) after it had ended (%v)", pull.Cause(ctx), g.end)
	case g.end != nil:
		g.report(g.law, "read after its end (%v)", g.end)
	case !dead:
		g.live++
	}
}

func (g *guard[T]) judge(ctx context.Context, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case err == nil:
		g.values++
	case g.end == nil && err != pull.ErrOverlap:
		g.end = err
		if ctx.Err() != nil {
			g.cause = pull.Cause(ctx)
		}
	}
}

func (g *guard[T]) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.running--
}
