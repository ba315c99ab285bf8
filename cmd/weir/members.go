package main

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/set"
	"github.com/weir-go/weir/through"
)

var membersKind = &kind{
	name: "members", what: "the members, sorted", typ: set.JSON, open: asObject(openMembers),
	short: "Sets: add and delete members",
	long: `Sets of values. Whatever one adds while another deletes it stays.

Two values are one member if they are the same JSON, whatever the order of keys.`,
	shared: []string{"ls", "watch", "export"},
	verbs: []verb{
		{
			name: "add", short: "Add members", value: "VALUE…",
			example: `  weir members add r team ann bob
  cut -d: -f1 /etc/passwd | weir members add --raw r users -`,
			operation: fills(openMembers, func(m members, _ *call) (putting, error) {
				return func(v json.RawMessage) (row, error) { return row{}, m.put(row{Value: v}) }, nil
			}),
		},
		{
			name: "has", short: "Exit with 0 if it is a member, and with 1 if not", value: "VALUE",
			example: `  weir members has r team ann && echo yes`,
			operation: reads(openMembers, func(_ context.Context, m members, c *call) error {
				if !m.Has(c.Value) {
					return noMember(c)
				}
				return nil
			}),
		},
		{
			name: "del", short: "Delete a member", value: "VALUE",
			operation: writes(openMembers, func(_ context.Context, m members, c *call) error {
				was, err := m.Remove(c.Value)
				if err == nil && !was {
					return noMember(c)
				}
				return err
			}),
		},
	},
}

var growKind = &kind{
	name: "grow", what: "the members, sorted", typ: set.GrowJSON, open: asObject(openGrow),
	short:  "Sets that only grow: add members",
	long:   `Sets of values to which members are only added: cheaper than weir members.`,
	shared: []string{"ls", "watch", "export"},
	verbs: []verb{
		{
			name: "add", short: "Add members", value: "VALUE…",
			example: `  weir grow add r seen a b`,
			operation: fills(openGrow, func(g grow, _ *call) (putting, error) {
				return func(v json.RawMessage) (row, error) { return row{}, g.put(row{Value: v}) }, nil
			}),
		},
		{
			name: "has", short: "Exit with 0 if it is a member, and with 1 if not", value: "VALUE",
			operation: reads(openGrow, func(_ context.Context, g grow, c *call) error {
				if !g.Has(c.Value) {
					return noMember(c)
				}
				return nil
			}),
		},
	},
}

func noMember(c *call) *failure {
	kind, _, _ := strings.Cut(c.Op, " ")
	return fail(exitNotFound, "'weir "+kind+" ls R NAME' lists the members", "no member %.64s", c.Value)
}

// elements is a codec of members: equal ones are equal bytes.
func elements(t replicate.Type) replicate.Codec[json.RawMessage] {
	c := raw(t)
	c.Encode = canonical
	return c
}

// A members is an object of the kind.
type members struct {
	*set.AddWins[json.RawMessage]
}

func openMembers(r *replicate.Replica, name string) (members, error) {
	s, err := set.OpenWith(r, name, elements(set.JSON))
	return members{s}, err
}

func (m members) rows(yield func(row, error) bool)      { memberRows(m, yield) }
func (m members) changes(after uint64) pull.Source[row] { return memberChanges(m, after) }
func (m members) put(r row) error                       { return m.Add(r.Value) }

// A grow is an object of the kind.
type grow struct {
	*set.Grow[json.RawMessage]
}

func openGrow(r *replicate.Replica, name string) (grow, error) {
	s, err := set.OpenGrowWith(r, name, elements(set.GrowJSON))
	return grow{s}, err
}

func (g grow) rows(yield func(row, error) bool)      { memberRows(g, yield) }
func (g grow) changes(after uint64) pull.Source[row] { return memberChanges(g, after) }

func (g grow) put(r row) error {
	_, err := g.Add(r.Value)
	return err
}

func memberRows(s set.Set[json.RawMessage], yield func(row, error) bool) {
	for v, err := range s.All() {
		if !yield(row{Value: v}, err) {
			return
		}
	}
}

func memberChanges(s set.Set[json.RawMessage], after uint64) pull.Source[row] {
	return through.Map(s.Changes(after), func(c set.Change[json.RawMessage]) row {
		return row{Value: c.Value, Deleted: c.Removed}
	})
}
