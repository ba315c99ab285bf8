package pulltest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/weir-go/weir/pull"
)

// A Grammar says which traces of events are right, as a regular expression
// says it of letters. Grammars are made by [Event], [When], [Seq], [Or],
// [Star], [Plus] and [Maybe], may be parts of several others, and may be used
// by any number of goroutines at once. The zero Grammar accepts the empty
// trace only.
type Grammar[E any] struct {
	link func(next *place[E]) *place[E] // nil: nothing before next
}

// A place is where a trace may be in a grammar: before an event (ok is set),
// or before each of several places, or at the end (neither).
type place[E any] struct {
	name string
	ok   func(E) bool
	next []*place[E]
}

func (g Grammar[E]) before(next *place[E]) *place[E] {
	if g.link == nil {
		return next
	}
	return g.link(next)
}

// Event is the grammar of one event that equals e.
func Event[E comparable](e E) Grammar[E] {
	return When(fmt.Sprint(e), func(got E) bool { return got == e })
}

// When is the grammar of one event for which ok is true; name says in a
// [TraceError] which event was expected.
func When[E any](name string, ok func(E) bool) Grammar[E] {
	return Grammar[E]{func(next *place[E]) *place[E] {
		return &place[E]{name: name, ok: ok, next: []*place[E]{next}}
	}}
}

// Seq is the grammar of its parts one after another; without any, of nothing.
func Seq[E any](parts ...Grammar[E]) Grammar[E] {
	return Grammar[E]{func(next *place[E]) *place[E] {
		for _, part := range slices.Backward(parts) {
			next = part.before(next)
		}
		return next
	}}
}

// Or is the grammar of any one of its parts; without any, no trace is right.
func Or[E any](parts ...Grammar[E]) Grammar[E] {
	return Grammar[E]{func(next *place[E]) *place[E] {
		fork := &place[E]{name: "nothing"}
		for _, part := range parts {
			fork.next = append(fork.next, part.before(next))
		}
		if len(parts) == 0 {
			fork.ok = func(E) bool { return false }
		}
		return fork
	}}
}

// Star is the grammar of part any number of times, none included.
func Star[E any](part Grammar[E]) Grammar[E] {
	return Grammar[E]{func(next *place[E]) *place[E] {
		loop := &place[E]{}
		loop.next = []*place[E]{part.before(loop), next}
		return loop
	}}
}

// Plus is the grammar of part once or more.
func Plus[E any](part Grammar[E]) Grammar[E] { return Seq(part, Star(part)) }

// Maybe is the grammar of part once or not at all.
func Maybe[E any](part Grammar[E]) Grammar[E] { return Or(part, Seq[E]()) }

// A TraceError says where a trace stops to be right.
type TraceError struct {
	Index    int      // of the event, counted from 0
	Found    string   // the event as fmt.Sprint prints it, or "the end"
	Expected []string // events that would have been right there, or "the end"; sorted
}

// Error returns all of it in one line.
func (e *TraceError) Error() string {
	return fmt.Sprintf("pulltest: event %d is %s, want %s",
		e.Index, e.Found, strings.Join(e.Expected, " or "))
}

const atEnd = "the end"

// Check returns nil if events, as a whole, are right, and otherwise a
// [TraceError] for the first one that is not. It takes time in proportion to
// the number of events times the size of the grammar.
func (g Grammar[E]) Check(events ...E) error {
	m := g.start()
	for _, e := range events {
		if err := m.step(e); err != nil {
			return err
		}
	}
	return m.end()
}

// Read is a sink that reads src to its end and checks its values as [Grammar.Check]
// does. It aborts src at the first wrong one, with the [TraceError] it returns.
func (g Grammar[E]) Read(ctx context.Context, src pull.Source[E]) error {
	m := g.start()
	if err := pull.Each(ctx, src, m.step); err != nil {
		return err
	}
	return m.end()
}

// A matcher is in all the places at once that its trace may have come to.
type matcher[E any] struct {
	at     []*place[E]
	events int
}

func (g Grammar[E]) start() *matcher[E] {
	m := &matcher[E]{}
	m.enter(map[*place[E]]bool{}, g.before(&place[E]{name: atEnd}))
	return m
}

// enter adds the events that may come next at p.
func (m *matcher[E]) enter(seen map[*place[E]]bool, p *place[E]) {
	todo := []*place[E]{p}
	for len(todo) > 0 {
		p, todo = todo[len(todo)-1], todo[:len(todo)-1]
		switch {
		case seen[p]:
			continue
		case p.ok != nil || len(p.next) == 0:
			m.at = append(m.at, p)
		default:
			todo = append(todo, p.next...)
		}
		seen[p] = true
	}
}

func (m *matcher[E]) step(e E) error {
	was := m.at
	m.at = nil
	seen := map[*place[E]]bool{}
	for _, p := range was {
		if p.ok != nil && p.ok(e) {
			m.enter(seen, p.next[0])
		}
	}
	if len(m.at) == 0 {
		return wrong(was, m.events, fmt.Sprint(e))
	}
	m.events++
	return nil
}

func (m *matcher[E]) end() error {
	for _, p := range m.at {
		if p.ok == nil {
			return nil
		}
	}
	return wrong(m.at, m.events, atEnd)
}

func wrong[E any](at []*place[E], index int, found string) error {
	var names []string
	for _, p := range at {
		names = append(names, p.name)
	}
	slices.Sort(names)
	return &TraceError{Index: index, Found: found, Expected: slices.Compact(names)}
}
