package replicatetest_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/replicatetest"
)

// cells is a map in which the last writer wins, or a broken one. An op is a
// key of one letter and the value, "" for a deletion.
type cells struct {
	bug    string
	by     map[byte]*replicate.Update
	writes int                // that ever came
	most   map[byte]string    // the largest value that ever was
	cache  **replicate.Update // the newest of all maps
}

func mapKind(bug string) replicatetest.Kind {
	var cache *replicate.Update
	typ := replicate.Type{Tag: "cells", New: func() replicate.Object {
		return &cells{bug: bug, by: map[byte]*replicate.Update{}, most: map[byte]string{}, cache: &cache}
	}}
	if bug == "check depends on what came before" {
		last := ""
		typ.Check = func(op string) error {
			defer func() { last = op }()
			if op == last {
				return fmt.Errorf("%q comes again", op)
			}
			return nil
		}
	}
	typ.Tombstone = func(op string) bool { return op[1:] == "" }
	typ.Key = func(op string) (string, bool) {
		return op[:1], bug != "deletions have no key" || op[1:] != ""
	}
	return replicatetest.Kind{
		Types:    []replicate.Type{typ},
		Open:     openMap,
		Oracle:   mapOracle,
		Describe: func(op string) string { return op[:1] + "=" + op[1:] },
	}
}

func openMap(r *replicate.Replica) (replicatetest.Subject, error) {
	h, err := r.Open(replicate.ObjectName{Type: "cells"})
	if err != nil {
		return replicatetest.Subject{}, err
	}
	seen, bug := map[byte]string{}, ""
	h.View(func(o replicate.Object) { bug = o.(*cells).bug })
	src := replicate.Watch(h, 0, func(u *replicate.Update) (*replicate.Update, error) { return u, nil })
	return replicatetest.Subject{
		Edit: func(rnd *rand.Rand) error {
			op := string(rune('x' + rnd.IntN(2)))
			if rnd.IntN(3) > 0 {
				op += fmt.Sprint(1 + rnd.IntN(9))
			}
			if bug == "edit fails" && rnd.IntN(50) == 0 {
				return fmt.Errorf("no %s", op)
			}
			_, err := h.Write(op)
			return err
		},
		State: func() (s string) {
			h.View(func(o replicate.Object) { s = o.(*cells).show() })
			return s
		},
		Follow: []replicatetest.Follower{replicatetest.Follow(src, func(u *replicate.Update) {
			if bug == "subscriber keeps what is deleted" && u.Op()[1:] == "" {
				return
			}
			if seen[u.Op()[0]] = u.Op()[1:]; u.Op()[1:] == "" {
				delete(seen, u.Op()[0])
			}
		}, func() string { return showMap(seen) })},
	}, nil
}

// mapOracle gives the updates, oldest first, to a plain map.
func mapOracle(updates []*replicate.Update) string {
	now := map[byte]string{}
	for _, u := range updates {
		if now[u.Op()[0]] = u.Op()[1:]; u.Op()[1:] == "" {
			delete(now, u.Op()[0])
		}
	}
	return showMap(now)
}

func showMap(m map[byte]string) string {
	var s strings.Builder
	for _, key := range slices.Sorted(maps.Keys(m)) {
		fmt.Fprintf(&s, "%c=%s ", key, m[key])
	}
	return s.String()
}

func (c *cells) show() string {
	now := map[byte]string{}
	for key, u := range c.by {
		if now[key] = u.Op()[1:]; u.Op()[1:] == "" {
			delete(now, key)
		}
	}
	switch {
	case c.bug == "counts what is gone" && c.writes > 6:
		return showMap(now) + "…"
	case c.bug == "keeps the largest value" && c.most['x'] == "9" && now['x'] != "":
		now['x'] = "9"
	}
	return showMap(now)
}

func (c *cells) Apply(u *replicate.Update, obsolete func(*replicate.Update)) {
	key := u.Op()[0]
	old := c.by[key]
	c.writes++
	c.most[key] = max(c.most[key], u.Op()[1:])
	switch {
	case old == nil:
	case !c.newer(u, old):
		if c.bug != "keeps what comes too late" {
			c.dropped(u, old, obsolete)
		}
		return
	case c.bug == "keeps what it replaces" && u.Op()[1:] == "":
	default:
		obsolete(old)
	}
	if c.bug == "drops the neighbour" {
		for k, v := range c.by {
			if k != key && u.Newer(v) && v.Op()[1:] == "" {
				obsolete(v)
			}
		}
	}
	c.by[key], *c.cache = u, u
	if c.bug == "forgets tombstones" && u.Op()[1:] == "" {
		delete(c.by, key)
		obsolete(u)
	}
}

// Needed returns none: nothing refers to a deletion.
func (c *cells) Needed([]*replicate.Update) []*replicate.Update { return nil }

// Forget takes deletions out.
func (c *cells) Forget(gone []*replicate.Update) {
	for _, u := range gone {
		delete(c.by, u.Op()[0])
		if c.bug == "forgets the neighbour" {
			delete(c.by, u.Op()[0]^1)
		}
	}
}

// dropped calls u obsolete, which is older than what is here.
func (c *cells) dropped(u, old *replicate.Update, obsolete func(*replicate.Update)) {
	switch c.bug {
	case "drops both":
		obsolete(old)
	case "drops what another map got":
		if v := *c.cache; v != nil && v != old && c.by[v.Op()[0]] != v {
			obsolete(v)
			return
		}
	}
	obsolete(u)
}

func (c *cells) newer(u, old *replicate.Update) bool {
	switch c.bug {
	case "the last to arrive wins ties":
		return u.Stamp().Time >= old.Stamp().Time
	case "the older wins":
		return !u.Newer(old)
	case "a deletion always wins":
		return old.Op()[1:] != "" && (u.Newer(old) || u.Op()[1:] == "")
	case "panics on ties":
		if u.Stamp().Time == old.Stamp().Time {
			panic("a tie")
		}
	}
	return u.Newer(old)
}
