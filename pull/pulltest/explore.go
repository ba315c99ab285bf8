package pulltest

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/weir-go/weir/pull"
)

// An Exploration says how many random schedules to try, and which.
type Exploration struct {
	// Seed makes the first schedule; the next ones take Seed+1 and so on. 0
	// takes one from the clock. What is found names the seed that makes it
	// again: run it alone with Runs 1.
	Seed uint64

	// Runs is how many schedules are tried; 0 means 200.
	Runs int

	// Steps is how many steps a schedule has at most; 0 means 8.
	Steps int
}

// ExploreThrough looks for schedules that break a law beyond those of
// [Through]: roots of any length, slow, stalled or failing, read, left alone,
// interrupted and aborted in any order. It stops at the first one, makes it as
// short as it can by leaving out steps, and fails t with it and its seed. The
// options Fail and Panic are not used. It must not be called in a bubble of
// testing/synctest.
func ExploreThrough[A, B any](
	t *testing.T, through func(pull.Source[A]) pull.Source[B],
	opts ThroughOptions[A, B], how Exploration,
) {
	t.Helper()
	fail(t, SearchThrough(t, through, opts, how))
}

// SearchThrough is [ExploreThrough], except that it returns the violations of
// the schedule that was found, if any, and does not fail t.
func SearchThrough[A, B any](
	t *testing.T, through func(pull.Source[A]) pull.Source[B],
	opts ThroughOptions[A, B], how Exploration,
) []Violation {
	if opts.Value == nil {
		opts.Value = number[A]
	}
	return how.search(func(p plan) []Violation {
		c := &throughCheck[A, B]{through: through, ThroughOptions: opts,
			bench: &bench{t: t, grace: opts.Grace}}
		c.scheduleOf(through, p.root, p.String(), func(r *throughRun[A, B]) { c.follow(r, p) })
		return c.violations()
	})
}

// ExploreSource is [ExploreThrough] for the sources that fresh makes: what
// varies is how they are read.
func ExploreSource[T any](
	t *testing.T, fresh func() pull.Source[T], opts SourceOptions[T], how Exploration,
) {
	t.Helper()
	fail(t, SearchSource(t, fresh, opts, how))
}

// SearchSource is [ExploreSource], except that it returns the violations of
// the schedule that was found, if any, and does not fail t.
func SearchSource[T any](
	t *testing.T, fresh func() pull.Source[T], opts SourceOptions[T], how Exploration,
) []Violation {
	return how.search(func(p plan) []Violation {
		c := &sourceCheck[T]{fresh: fresh, SourceOptions: opts, bench: &bench{
			t: t, realTime: opts.RealTime, grace: opts.Grace, restless: opts.Holds}}
		c.schedule(p.String(), func(r *reader[T]) { c.follow(r, p) })
		return c.violations()
	})
}

// search tries one plan after another, and returns what a short form of the
// first bad one breaks.
func (e Exploration) search(try func(plan) []Violation) []Violation {
	if e.Seed == 0 {
		e.Seed = uint64(time.Now().UnixNano())
	}
	if e.Runs == 0 {
		e.Runs = 200
	}
	if e.Steps == 0 {
		e.Steps = 8
	}
	for i := range uint64(e.Runs) {
		p := e.plan(e.Seed + i)
		if found := try(p); len(found) > 0 {
			return shrink(p, found, try)
		}
	}
	return nil
}

// A plan is a schedule that is chosen by a seed.
type plan struct {
	seed  uint64
	root  script
	steps []step
}

// A step is one thing that is done to a stream.
type step struct {
	kind stepKind
	n    int           // calls at most
	d    time.Duration // of waiting
	why  reason        // of an abort or an interruption
}

type stepKind int

const (
	stepRead   stepKind = iota // n calls, each in a context of its own
	stepReadIn                 // n calls in one context
	stepWait                   // d passes
	stepBlock                  // n calls, until one takes longer than d and is cancelled
	stepAbort
	stepStop // by pull.Abort
	stepKinds
)

// String says what the step does, as a failure names it.
func (s step) String() string {
	switch s.kind {
	case stepRead:
		return fmt.Sprintf("read %d", s.n)
	case stepReadIn:
		return fmt.Sprintf("read %d in one context", s.n)
	case stepWait:
		return fmt.Sprintf("wait %v", s.d)
	case stepBlock:
		return fmt.Sprintf("read %d, cancel %s what takes longer than %v", s.n, s.why.name, s.d)
	case stepAbort:
		return "abort " + s.why.name
	}
	return "pull.Abort"
}

// String is the steps, one after the other, and the seed that makes them.
func (p plan) String() string {
	steps := make([]string, len(p.steps))
	for i, s := range p.steps {
		steps[i] = s.String()
	}
	return fmt.Sprintf("%s (seed %d)", strings.Join(steps, ", "), p.seed)
}

func (e Exploration) plan(seed uint64) plan {
	rnd := rand.New(rand.NewPCG(seed, 0))
	p := plan{seed: seed, root: script{n: rnd.IntN(13)}}
	p.root.end = [...]error{io.EOF, io.EOF, errRoot, nil}[rnd.IntN(4)]
	if rnd.IntN(4) == 0 {
		p.root.trouble = errTrouble
	}
	p.root.delay = [...]time.Duration{0, 0, time.Millisecond, time.Minute}[rnd.IntN(4)]
	for range 1 + rnd.IntN(e.Steps) {
		p.steps = append(p.steps, randomStep(rnd))
	}
	return p
}

// waits are no multiples of a root's delays, so that nothing happens at the
// same time as an interruption.
var waits = []time.Duration{0, 937, 691_001, 3_600_700_013_009}

func randomStep(rnd *rand.Rand) step {
	s := step{kind: stepKind(rnd.IntN(int(stepKinds))), n: 1 + rnd.IntN(4)}
	if s.kind >= stepAbort && rnd.IntN(2) == 0 {
		s.kind = stepRead // else most schedules are short
	}
	s.d = waits[rnd.IntN(len(waits))]
	s.why = reasons[rnd.IntN(len(reasons))]
	if s.kind == stepBlock {
		s.why = cancellable[rnd.IntN(len(cancellable))]
	}
	return s
}

// perform does one step; where calls may block for ever, reading is blocking.
func perform[T any](r *reader[T], s step, stalls bool) {
	if stalls && s.kind <= stepReadIn {
		s.kind, s.why = stepBlock, withCause
	}
	switch s.kind {
	case stepRead:
		r.read(s.n)
	case stepReadIn:
		ctx, cancel := r.live(noCause)
		defer cancel()
		r.readIn(ctx, s.n)
	case stepWait:
		if !r.realTime {
			time.Sleep(s.d)
		}
	case stepBlock:
		if !r.hung && r.end == nil {
			r.block(s.why, s.n, s.d)
		}
	case stepAbort:
		r.abort(s.why)
	case stepStop:
		r.stop()
	}
}

func (c *throughCheck[A, B]) follow(r *throughRun[A, B], p plan) {
	for _, s := range p.steps {
		perform(r.reader, s, p.root.end == nil)
	}
	seen := r.root.seen()
	want := c.ending(p.root.n, p.root.end)
	whole := r.end == io.EOF || seen.cause == nil && r.end != nil &&
		(errors.Is(r.end, errRoot) || want != p.root.end && errors.Is(r.end, want))
	c.expect(r, p.root.n, p.root.end, !whole)
}

func (c *sourceCheck[T]) follow(r *reader[T], p plan) {
	for _, s := range p.steps {
		left := len(c.Want) - len(r.values)
		if c.Endless || c.Stalls && c.Uninterruptible {
			s.n = min(s.n, left)
		}
		if c.Uninterruptible && s.kind == stepBlock {
			s.kind = stepRead
		}
		perform(r, s, c.Stalls && s.n > left)
	}
	if r.end == io.EOF {
		c.atEnd(r)
	}
	r.expect(c.Want, r.end != io.EOF)
}
