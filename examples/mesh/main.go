// Mesh has two programs in Node and two replicas of weir edit one model in a ring:
// go run ./examples/mesh   (needs Node, and says what to type where a package is missing)
//
// The programs use npm's scuttlebutt as it is. Ann is linked with bob, bob with cyd,
// cyd with dan, and dan with ann:
//
//	ann (npm) ——— bob (weir)
//	    |             ‖
//	dan (npm) ——— cyd (weir)
//
// Those links that an original has an end of carry its protocol, the one between bob
// and cyd carries weir's own. Each link in turn is cut, and all four go on editing:
// what they write then goes the long way round.
package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt ends the process at once
	err := needNode(ctx)
	if err == nil {
		err = run(ctx, os.Stdout, startNode)
	}
	if err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "mesh:", err)
		os.Exit(1)
	}
}

// patience is how long the four may take to become equal.
const patience = time.Minute

// A member is one of the four.
type member interface {
	name() string
	kind() string // npm or weir: what it speaks with who joins it
	address() string
	set(ctx context.Context, key, value string) error
	sees() map[string]string
	join(ctx context.Context, to member) (cut func() error, err error)
}

// A starter starts a member, which runs until ctx is done.
type starter func(ctx context.Context, m *mesh, name string) (member, error)

// A mesh is the ring, in which each is linked with the next, and the last with the
// first.
type mesh struct {
	out     io.Writer
	members []member
	cuts    []func() error    // for each, what cuts its link with the next
	model   map[string]string // what all are to see
	rounds  int

	running sync.WaitGroup
	fail    context.CancelCauseFunc
	changed chan struct{} // holds something when one sees something new
}

// run shows the ring; ann and dan are started by npm.
func run(ctx context.Context, out io.Writer, npm starter) error {
	return with(ctx, out, npm, func(ctx context.Context, m *mesh) error { return m.show(ctx) })
}

// with starts the four, which nothing links yet, and ends them when f returns.
func with(
	ctx context.Context, out io.Writer, npm starter, f func(context.Context, *mesh) error,
) error {
	ctx, fail := context.WithCancelCause(ctx)
	m := &mesh{
		out: out, cuts: make([]func() error, 4), model: map[string]string{},
		fail: fail, changed: make(chan struct{}, 1),
	}
	defer m.running.Wait()
	defer fail(nil)
	names := []string{"ann", "bob", "cyd", "dan"}
	for i, start := range []starter{npm, startWeir, startWeir, npm} {
		one, err := start(ctx, m, names[i])
		if err != nil {
			return fmt.Errorf("%s: %w", names[i], err)
		}
		m.members = append(m.members, one)
	}
	return f(ctx, m)
}

// keep runs f beside what runs already; if it fails, everything ends.
func (m *mesh) keep(f func() error) {
	m.running.Go(func() {
		if err := f(); err != nil {
			m.fail(err)
		}
	})
}

// tell has await look again.
func (m *mesh) tell() {
	select {
	case m.changed <- struct{}{}:
	default:
	}
}

// close closes the ring.
func (m *mesh) close(ctx context.Context) error {
	for i := range m.members {
		if err := m.link(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

// show cuts each link in turn.
func (m *mesh) show(ctx context.Context) error {
	if err := m.close(ctx); err != nil {
		return err
	}
	if err := m.round(ctx, "the ring is closed: each writes"); err != nil {
		return err
	}
	for i, one := range m.members {
		if err := m.cuts[i](); err != nil {
			return err
		}
		link := one.name() + "–" + m.next(i).name()
		err := m.round(ctx, link+" is cut: each writes, and it goes the long way round")
		if err == nil {
			err = m.link(ctx, i)
		}
		if err != nil {
			return err
		}
	}
	return m.round(ctx, "the ring is closed again: each writes")
}

// link links a member with the next. It does not matter which of the two joins, but
// replicas of weir listen here for weir's own protocol alone, so they join originals.
func (m *mesh) link(ctx context.Context, i int) (err error) {
	from, to := m.members[i], m.next(i)
	if from.kind() == "npm" {
		from, to = to, from
	}
	if m.cuts[i], err = from.join(ctx, to); err != nil {
		return fmt.Errorf("%s joins %s: %w", from.name(), to.name(), err)
	}
	return nil
}

func (m *mesh) next(i int) member { return m.members[(i+1)%len(m.members)] }

// round has each write a key of its own, and one of them a key that all write in
// turn, and prints what each sees once all four see the same.
func (m *mesh) round(ctx context.Context, title string) error {
	fmt.Fprintln(m.out, title)
	m.rounds++
	for _, one := range m.members {
		if err := m.set(ctx, one, one.name(), strconv.Itoa(m.rounds)); err != nil {
			return err
		}
	}
	if err := m.await(ctx); err != nil {
		return err
	}
	// Originals that write one key with one timestamp disagree for ever: this
	// is a later millisecond than that of the round before.
	time.Sleep(2 * time.Millisecond)
	one := m.next(m.rounds)
	if err := m.set(ctx, one, "last", one.name()); err != nil {
		return err
	}
	if err := m.await(ctx); err != nil {
		return err
	}
	_, err := fmt.Fprintf(m.out, "%v  all four are equal\n", m)
	return err
}

func (m *mesh) set(ctx context.Context, one member, key, value string) error {
	m.model[key] = value
	return one.set(ctx, key, value)
}

// await waits until all see the model as it is to be.
func (m *mesh) await(ctx context.Context) error {
	late := time.After(patience)
	for !m.equal() {
		select {
		case <-m.changed:
		case <-late:
			return fmt.Errorf("they are not equal after %v:\n%v", patience, m)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

func (m *mesh) equal() bool {
	for _, one := range m.members {
		if !maps.Equal(one.sees(), m.model) {
			return false
		}
	}
	return true
}

// String says what each sees.
func (m *mesh) String() string {
	var b strings.Builder
	for _, one := range m.members {
		fmt.Fprintf(&b, "  %s %-4s", one.name(), one.kind())
		sees := one.sees()
		for _, key := range slices.Sorted(maps.Keys(sees)) {
			fmt.Fprintf(&b, " %s=%s", key, sees[key])
		}
		b.WriteByte('\n')
	}
	return b.String()
}
