package replicatetest_test

import (
	"encoding/binary"
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/replicatetest"
)

// members is a set in which additions win, or a broken one. An op is + or -,
// an element of one letter, and the context: for each author the newest of its
// ops on the element that this one stands in for.
type members struct {
	bug  string
	live map[byte][]*replicate.Update
}

type setOp struct {
	add     bool
	element byte
	context replicate.Clock
}

func setKind(bug string) replicatetest.Kind {
	return replicatetest.Kind{
		Types: []replicate.Type{{Tag: "members", New: func() replicate.Object {
			return &members{bug: bug, live: map[byte][]*replicate.Update{}}
		}}},
		Open:     openSet,
		Oracle:   setOracle,
		Describe: func(op string) string { return op[:2] },
		Reencode: func(op string) (string, error) { return parseSetOp(op).encode(""), nil },
	}
}

func openSet(r *replicate.Replica) (replicatetest.Subject, error) {
	h, err := r.Open(replicate.ObjectName{Type: "members"})
	if err != nil {
		return replicatetest.Subject{}, err
	}
	seen := map[byte]bool{}
	src := replicate.Watch(h, 0, func(u *replicate.Update) (byte, error) { return u.Op()[1], nil })
	return replicatetest.Subject{
		Edit: func(rnd *rand.Rand) error {
			op := setOp{add: rnd.IntN(2) == 0, element: byte('p' + rnd.IntN(2))}
			_, err := h.Compose(func(d replicate.Draft) (string, error) {
				s := d.State.(*members)
				op.context = s.context(op.element)
				return op.encode(s.bug), nil
			})
			return err
		},
		State: func() (s string) {
			h.View(func(o replicate.Object) { s = o.(*members).show() })
			return s
		},
		Follow: []replicatetest.Follower{replicatetest.Follow(src, func(element byte) {
			h.View(func(o replicate.Object) { seen[element] = o.(*members).has(element) })
		}, func() string {
			maps.DeleteFunc(seen, func(_ byte, has bool) bool { return !has })
			return string(slices.Sorted(maps.Keys(seen)))
		})},
	}, nil
}

// setOracle looks, for every op, for another that stands in for it.
func setOracle(updates []*replicate.Update) string {
	ops := make([]setOp, len(updates))
	for i, u := range updates {
		ops[i] = parseSetOp(u.Op())
	}
	present := map[byte]bool{}
	for i, u := range updates {
		gone := slices.ContainsFunc(ops, func(w setOp) bool {
			return w.element == ops[i].element && w.context.Covers(u.Stamp())
		})
		if ops[i].add && !gone {
			present[ops[i].element] = true
		}
	}
	return string(slices.Sorted(maps.Keys(present)))
}

func (s *members) show() string {
	var out []byte
	for element := range s.live {
		if s.has(element) {
			out = append(out, element)
		}
	}
	slices.Sort(out)
	return string(out)
}

func (s *members) has(element byte) bool {
	return slices.ContainsFunc(s.live[element], func(u *replicate.Update) bool { return u.Op()[0] == '+' })
}

// context is what the next op on an element stands in for.
func (s *members) context(element byte) replicate.Clock {
	c := replicate.Clock{}
	for _, u := range s.live[element] {
		c.Join(replicate.Clock{u.Stamp().Author: u.Stamp().Time})
		if s.bug != "context is not transitive" {
			c.Join(parseSetOp(u.Op()).context)
		}
	}
	return c
}

func (s *members) Apply(u *replicate.Update, obsolete func(*replicate.Update)) {
	op := parseSetOp(u.Op())
	live := s.live[op.element]
	for _, v := range live {
		if parseSetOp(v.Op()).context.Covers(u.Stamp()) {
			if s.bug == "a replaced one comes back" && op.add {
				break
			}
			obsolete(u)
			return
		}
	}
	if s.bug == "refuses orphans" && !op.add && len(live) == 0 {
		obsolete(u)
		return
	}
	if s.bug == "takes causes to have come" && !op.add {
		op.context = replicate.Clock{}
		for _, v := range live {
			op.context[v.Stamp().Author] = u.Stamp().Time
		}
	}
	s.live[op.element] = append(slices.DeleteFunc(live, func(v *replicate.Update) bool {
		gone := op.context.Covers(v.Stamp())
		if gone {
			obsolete(v)
		}
		return gone
	}), u)
	if s.bug == "forgets removals" && !op.add {
		obsolete(u)
	}
}

func (op setOp) encode(bug string) string {
	b := []byte{'-', op.element}
	if op.add {
		b[0] = '+'
	}
	authors := op.context.Authors()
	if bug == "encodes in any order" {
		authors = slices.Collect(maps.Keys(op.context))
	}
	for _, a := range authors {
		b = append(b, a...)
		b = binary.BigEndian.AppendUint64(b, uint64(op.context[a]))
	}
	return string(b)
}

func parseSetOp(s string) setOp {
	op := setOp{add: s[0] == '+', element: s[1], context: replicate.Clock{}}
	for b := range slices.Chunk([]byte(s[2:]), 24+8) {
		op.context[replicate.Author(b[:24])] = replicate.Time(binary.BigEndian.Uint64(b[24:]))
	}
	return op
}
