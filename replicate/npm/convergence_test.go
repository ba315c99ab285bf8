package npm_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/npm"
	"github.com/weir-go/weir/replicate/replicatetest"
)

func TestConvergence(t *testing.T) {
	for name, k := range map[string]replicatetest.Kind{
		"model":  {Open: openModel, Oracle: modelOracle},
		"value":  {Open: openValue, Oracle: valueOracle},
		"events": {Open: openEvents, Oracle: eventsOracle},
		"doc":    {Open: openDoc, Oracle: docOracle},
	} {
		t.Run(name, func(t *testing.T) {
			k.Types, k.Reencode = npm.Types(), npm.Reencode
			replicatetest.Run(t, k, replicatetest.Config{})
		})
	}
}

func openModel(r *replicate.Replica) (replicatetest.Subject, error) {
	s, err := npm.Open(r, npm.ModelType, "", npm.Config{})
	if err != nil {
		return replicatetest.Subject{}, err
	}
	m, err := npm.NewModel[int](s)
	if err != nil {
		return replicatetest.Subject{}, err
	}
	seen := map[string]int{}
	return replicatetest.Subject{
		Edit: func(rnd *rand.Rand) error {
			key := string(rune('x' + rnd.IntN(3)))
			if rnd.IntN(4) == 0 {
				return m.Delete(key)
			}
			return m.Set(key, rnd.IntN(100))
		},
		State: func() string {
			all, err := m.All()
			return fmt.Sprint(show(all), err)
		},
		Follow: []replicatetest.Follower{replicatetest.Follow(m.Changes(0), func(c npm.Change[int]) {
			if seen[c.Key] = c.Value; c.Deleted {
				delete(seen, c.Key)
			}
		}, func() string { return fmt.Sprint(show(seen), error(nil)) })},
	}, nil
}

func show[V any](m map[string]V) string {
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(m)) {
		fmt.Fprintf(&b, "%s=%v ", key, m[key])
	}
	return b.String()
}

// inOrder returns updates as the originals sort them.
func inOrder(updates []*replicate.Update) []*replicate.Update {
	updates = slices.Clone(updates)
	slices.SortFunc(updates, func(u, v *replicate.Update) int {
		if u.Stamp().Time != v.Stamp().Time {
			return u.Stamp().Compare(v.Stamp())
		}
		return strings.Compare(npm.IDOf(u), npm.IDOf(v)) // all of them are ASCII here
	})
	return updates
}

func modelOracle(updates []*replicate.Update) string {
	now := map[string]string{}
	for _, u := range inOrder(updates) {
		key, value, _ := strings.Cut(strings.Trim(npm.ChangeOf(u), "[]"), ",")
		key = strings.Trim(key, `"`)
		if now[key] = value; value == "null" {
			delete(now, key)
		}
	}
	return fmt.Sprint(show(now), error(nil))
}

func openValue(r *replicate.Replica) (replicatetest.Subject, error) {
	s, err := npm.Open(r, npm.ValueType, "named", npm.Config{}) // whose authors are hashes
	if err != nil {
		return replicatetest.Subject{}, err
	}
	v, err := npm.NewValue[int](s)
	return replicatetest.Subject{
		Edit: func(rnd *rand.Rand) error { return v.Set(rnd.IntN(100)) },
		State: func() string {
			x, err := v.Get()
			if err != nil {
				return "none"
			}
			return fmt.Sprint(x)
		},
	}, err
}

func valueOracle(updates []*replicate.Update) string {
	if len(updates) == 0 {
		return "none"
	}
	return npm.ChangeOf(inOrder(updates)[len(updates)-1])
}

func openEvents(r *replicate.Replica) (replicatetest.Subject, error) {
	s, err := npm.Open(r, npm.EventsType, "", npm.Config{})
	if err != nil {
		return replicatetest.Subject{}, err
	}
	e, err := npm.NewEmitter(s)
	return replicatetest.Subject{
		Edit:  func(rnd *rand.Rand) error { return e.Emit("e", rnd.IntN(100)) },
		State: func() string { return fmt.Sprint(e.Len()) },
	}, err
}

func eventsOracle(updates []*replicate.Update) string { return fmt.Sprint(len(updates)) }

func openDoc(r *replicate.Replica) (replicatetest.Subject, error) {
	s, err := npm.Open(r, npm.DocType, "", npm.Config{})
	if err != nil {
		return replicatetest.Subject{}, err
	}
	d, err := npm.NewDoc(s)
	if err != nil {
		return replicatetest.Subject{}, err
	}
	q, err := d.Ordered("list", "todo")
	if err != nil {
		return replicatetest.Subject{}, err
	}
	q.Len() // the index is there from the beginning, and kept
	seen := map[string]npm.Row{}
	return replicatetest.Subject{
		Edit: func(rnd *rand.Rand) error { return editDoc(rnd, d, q) },
		State: func() string {
			rows := map[string]npm.Row{}
			for r := range d.All() {
				rows[r.ID] = r
			}
			return showDoc(rows, q.IDs())
		},
		Follow: []replicatetest.Follower{replicatetest.Follow(d.Changes(0), func(changes []npm.RowChange) {
			for _, c := range changes {
				if seen[c.Row.ID] = c.Row; c.Removed {
					delete(seen, c.Row.ID)
				}
			}
		}, func() string { return showDoc(seen, q.IDs()) })},
	}, nil
}

func editDoc(rnd *rand.Rand, d *npm.Doc, q *npm.Seq) error {
	id := string(rune('r' + rnd.IntN(3)))
	var err error
	switch rnd.IntN(7) {
	case 0:
		_, err = d.Remove(id)
	case 1, 2:
		err = d.Set(id, map[string]any{string(rune('a' + rnd.IntN(3))): rnd.IntN(10)})
	case 3:
		err = d.Set(id, map[string]any{"a": rnd.IntN(10), "b": rnd.IntN(10)})
	case 4:
		_, err = q.Remove(id)
	default:
		// The place is chosen at random, by a generator that goes by the schedule.
		err = d.Set(id, map[string]any{"list": "todo", "_sort": string(rune('A' + rnd.IntN(26)))})
	}
	return err
}

func showDoc(rows map[string]npm.Row, ids []string) string {
	var b strings.Builder
	for _, id := range slices.Sorted(maps.Keys(rows)) {
		text, _ := json.Marshal(rows[id].Fields)
		fmt.Fprintf(&b, "%s%s ", id, text)
	}
	return b.String() + strings.Join(ids, ",")
}

// docOracle writes field by field, oldest first, and forgets a row that is removed.
func docOracle(updates []*replicate.Update) string {
	rows := map[string]npm.Row{}
	for _, u := range inOrder(updates) {
		var change []json.RawMessage
		var id string
		var fields map[string]json.RawMessage
		_ = json.Unmarshal([]byte(npm.ChangeOf(u)), &change)
		_ = json.Unmarshal(change[0], &id)
		_ = json.Unmarshal(change[1], &fields)
		if fields == nil {
			delete(rows, id)
			continue
		}
		if rows[id].Fields == nil {
			rows[id] = npm.Row{ID: id, Fields: map[string]json.RawMessage{}}
		}
		maps.Copy(rows[id].Fields, fields)
	}
	var ids []string
	for id, r := range rows {
		if string(r.Fields["list"]) == `"todo"` {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b string) int {
		return strings.Compare(string(rows[a].Fields["_sort"])+a, string(rows[b].Fields["_sort"])+b)
	})
	return showDoc(rows, ids)
}
