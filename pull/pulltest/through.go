package pulltest

import (
	"reflect"
	"testing"
	"time"

	"github.com/weir-go/weir/pull"
)

// ThroughOptions say what a through under test is expected to do.
type ThroughOptions[A, B any] struct {
	// Value makes the root's value i, counted from 0. A nil Value makes i
	// itself of integers, its decimal digits of strings and byte slices, and
	// the zero value of anything else. Each call must return a fresh slice. Where
	// one value can become several, as one slice does, some should: a stage that
	// holds values has to look at its context itself, and only then is seen not
	// to. Chunks of bytes are joined for that by the checks.
	Value func(i int) A

	// Want is what the through makes of the values in, whether they end or
	// fail afterwards. It also gives the demand: before the through returns
	// its value k it may read as many of the root's values as settle what
	// value k is. A nil Want leaves values and demand unchecked, unless there
	// is a WantEnd.
	Want func(in []A) []B

	// WantEnd is Want for a through that treats the end of its source as more
	// than an end: one whose last values come after a clean end only, or that
	// makes a failure of an end or an end of a failure. end is io.EOF, the
	// root's failure, or nil where the root goes on behind these values. err is
	// what the through ends with, matched by errors.Is; nil means end itself.
	// Want is not used then.
	WantEnd func(in []A, end error) (out []B, err error)

	// ReadAhead is how many of the root's values the through may read beyond
	// the demand; 0 means none.
	ReadAhead int

	// Unordered says that the values of Want may come in any order.
	Unordered bool

	// Fail is the through with a user function, or an input, that fails
	// within the first five values; nil means that it cannot fail.
	Fail pull.Through[A, B]

	// Panic is the through with a user function that panics within the first
	// five values; nil means that there is no user function.
	Panic pull.Through[A, B]

	// Quick is the through with short waits, for the endings, which run in real
	// time; nil means that it does not wait for long.
	Quick pull.Through[A, B]

	// Goroutines says that the through works in goroutines of its own: a
	// user function's panic comes out as a pull.PanicError.
	Goroutines bool

	// Grace is how long release work may take after an abort; 0 means none.
	Grace time.Duration
}

// Through checks that a through keeps the contract over every schedule of its
// source and its reader, and fails t for each law that is broken. It calls
// through once for each schedule. It must not be called in a bubble of
// testing/synctest.
func Through[A, B any](
	t *testing.T, through func(pull.Source[A]) pull.Source[B], opts ThroughOptions[A, B],
) {
	t.Helper()
	fail(t, CheckThrough(t, through, opts))
}

// CheckThrough is [Through], except that it returns the violations and does
// not fail t.
func CheckThrough[A, B any](
	t *testing.T, through func(pull.Source[A]) pull.Source[B], opts ThroughOptions[A, B],
) []Violation {
	if opts.Value == nil {
		opts.Value = number[A]
	}
	c := &throughCheck[A, B]{through: through, ThroughOptions: opts,
		bench: &bench{t: t, grace: opts.Grace}}
	c.reads()
	c.demand()
	c.aborts()
	c.joined()
	c.blocks()
	c.fails()
	c.panicking()
	c.leaves()
	return c.violations()
}

type throughCheck[A, B any] struct {
	*bench
	ThroughOptions[A, B]
	through pull.Through[A, B]
}

// A throughRun is one schedule of a through.
type throughRun[A, B any] struct {
	*reader[B]
	root *root[A]
}

func (c *throughCheck[A, B]) schedule(s script, name string, f func(r *throughRun[A, B])) {
	c.scheduleOf(c.through, s, name, f)
}

// scheduleOf runs f with a through over a root that follows the script, and
// ends it afterwards.
func (c *throughCheck[A, B]) scheduleOf(
	through pull.Through[A, B], s script, name string, f func(r *throughRun[A, B]),
) {
	c.bench.schedule(s.String()+"; "+name, func(run *run) {
		root := newRoot(run, lawThrough, s, c.Value)
		root.calls.any = c.ReadAhead > 0 || c.Goroutines
		r := &throughRun[A, B]{root: root, reader: &reader[B]{
			run: run, tickets: root.calls,
			src: build(run, func() pull.Source[B] { return through(root.next) })}}
		run.idle()
		if seen := root.seen(); seen.live > 0 || seen.ended() {
			run.report(lawDemand, "the root was called before the first call")
		}
		r.trouble = root.owes
		r.after = r.lookUp
		r.over = func() bool { seen := root.seen(); return seen.ended() && seen.cause == nil }
		f(r)
		r.finish()
		r.lookAgain()
	})
}

// lookUp checks, as soon as the through has ended, that its root has too.
func (r *throughRun[A, B]) lookUp(err error) {
	if err == nil || r.root.seen().ended() {
		return
	}
	r.report(lawThrough, "ended (%v) while the root is neither ended nor aborted", err)
}

// lookAgain checks that nothing reads the root after the end of the schedule.
func (r *throughRun[A, B]) lookAgain() {
	if r.hung {
		return
	}
	if !r.root.seen().ended() {
		r.report(lawThrough, "the root was neither ended nor aborted at last")
	}
}

// want is what should have been made of the root's first n values, and what the
// through should end with, if its root ends so.
func (c *throughCheck[A, B]) want(n int, end error) ([]B, error) {
	in := make([]A, n)
	for i := range in {
		in[i] = c.Value(i)
	}
	if c.WantEnd == nil {
		return c.Want(in), end
	}
	out, err := c.WantEnd(in, end)
	if err == nil {
		err = end
	}
	return out, err
}

// values is want without the end.
func (c *throughCheck[A, B]) values(n int, end error) []B {
	out, _ := c.want(n, end)
	return out
}

// unchecked says that nobody knows what the through should make.
func (c *throughCheck[A, B]) unchecked() bool { return c.Want == nil && c.WantEnd == nil }

// ending is what the through should end with when its root ends so after n
// values.
func (c *throughCheck[A, B]) ending(n int, end error) error {
	if c.WantEnd == nil || end == nil {
		return end
	}
	_, err := c.want(n, end)
	return err
}

// expect compares what was read with what is wanted of n values and the end;
// partial says that the reading was cut short, so that what is wanted of fewer,
// or a prefix, will do.
func (c *throughCheck[A, B]) expect(r *throughRun[A, B], n int, end error, partial bool) {
	switch {
	case c.unchecked() || r.hung:
	case c.Unordered:
		r.expectSet(c.values(n, end), partial)
	case partial && n < many && c.wantsSome(r, n):
	default:
		r.expect(c.values(n, end), partial)
	}
}

// wantsSome says whether what was read is, or begins, what is wanted of n values
// or fewer before an end.
func (c *throughCheck[A, B]) wantsSome(r *throughRun[A, B], n int) bool {
	got := r.got()
	for m := range n + 1 {
		if want := c.values(m, nil); reflect.DeepEqual(got, want) ||
			m == n && len(got) < len(want) && reflect.DeepEqual(got, want[:len(got)]) {
			return true
		}
	}
	return false
}
