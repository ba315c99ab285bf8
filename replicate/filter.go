package replicate

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Limits on a filter, its own and that of two together.
const (
	maxRules  = 64
	maxFilter = 16 << 10 // bytes as encoded
)

// A Rule names some of a replica's updates: those of one object, or of the
// objects whose names begin alike, and of these those whose keys do.
type Rule struct {
	// Type is the tag of the objects' type; "" is any.
	Type string
	// Name is the object's name; "" is the one without a name.
	Name string
	// Prefix says that Name is how the objects' names begin: with "", all of
	// them.
	Prefix bool
	// Key is how the keys of the updates begin: see [Type].Key. "" passes all
	// updates, with a key or without. A rule with a Key names its Type.
	Key string
}

// A Filter says which of a replica's updates pass: those that any one of its
// rules names. The zero Filter passes everything. It is immutable and may be
// shared between goroutines.
type Filter struct {
	some  bool // not everything
	rules []Rule
}

// Only returns the filter that passes what one of rules names; without rules,
// nothing.
func Only(rules ...Rule) Filter { return only(rules, len(rules)) }

// only stops when it has more than limit rules, of which Check then complains.
func only(rules []Rule, limit int) Filter {
	f := Filter{some: true}
	// In this order, what contains a rule comes before it.
	for _, r := range slices.SortedFunc(slices.Values(rules), Rule.compare) {
		if r == (Rule{Prefix: true}) {
			return Filter{}
		}
		contains := func(o Rule) bool { return o.contains(r) }
		if len(f.rules) <= limit && !slices.ContainsFunc(f.rules, contains) {
			f.rules = append(f.rules, r)
		}
	}
	return f
}

// All reports whether f passes everything.
func (f Filter) All() bool { return !f.some }

// Rules returns the rules, fewest and in order: rules that others contain are
// left out. Both what passes everything and what passes nothing has none.
func (f Filter) Rules() []Rule { return slices.Clone(f.rules) }

// String returns the rules, for people.
func (f Filter) String() string {
	switch {
	case !f.some:
		return "everything"
	case len(f.rules) == 0:
		return "nothing"
	}
	parts := make([]string, len(f.rules))
	for i, r := range f.rules {
		parts[i] = r.String()
	}
	return strings.Join(parts, ", ")
}

// String returns type, name and key; a star stands for any rest.
func (r Rule) String() string {
	s := cmp.Or(r.Type, "*") + ":" + r.Name
	if r.Prefix {
		s += "*"
	}
	if r.Key != "" {
		s += "/" + r.Key + "*"
	}
	return s
}

func (r Rule) compare(o Rule) int {
	return cmp.Or(cmp.Compare(r.Type, o.Type), cmp.Compare(r.Name, o.Name),
		cmp.Compare(r.exact(), o.exact()), cmp.Compare(r.Key, o.Key))
}

// exact is how a rule's Prefix is coded.
func (r Rule) exact() byte {
	if r.Prefix {
		return 0
	}
	return 1
}

// Contains reports whether f passes whatever g does. It may answer false where
// only several rules of f together make it so.
func (f Filter) Contains(g Filter) bool {
	if !f.some || !g.some {
		return !f.some
	}
	for _, r := range g.rules {
		if !slices.ContainsFunc(f.rules, func(o Rule) bool { return o.contains(r) }) {
			return false
		}
	}
	return true
}

func (r Rule) contains(o Rule) bool {
	return (r.Type == "" || r.Type == o.Type) && r.named(o.Name, o.Prefix) && strings.HasPrefix(o.Key, r.Key)
}

// named reports whether r speaks of the name, or of all that begin with it.
func (r Rule) named(name string, prefix bool) bool {
	if r.Prefix {
		return strings.HasPrefix(name, r.Name)
	}
	return !prefix && r.Name == name
}

// Intersect returns the filter that passes what both do.
func (f Filter) Intersect(g Filter) Filter { return f.intersect(g, len(f.rules)*len(g.rules)) }

// intersect stops when it has more than limit rules.
func (f Filter) intersect(g Filter, limit int) Filter {
	switch {
	case !f.some:
		return g
	case !g.some:
		return f
	}
	var both []Rule
	for _, r := range f.rules {
		for _, o := range g.rules {
			if b, ok := r.intersect(o); ok {
				both = append(both, b)
			}
		}
	}
	return only(both, limit)
}

func (r Rule) intersect(o Rule) (both Rule, ok bool) {
	both = r
	switch {
	case r.Type == "":
		both.Type = o.Type
	case o.Type != "" && o.Type != r.Type:
		return both, false
	}
	switch {
	case r.named(o.Name, o.Prefix):
		both.Name, both.Prefix = o.Name, o.Prefix
	case !o.named(r.Name, r.Prefix):
		return both, false
	}
	switch {
	case strings.HasPrefix(o.Key, r.Key):
		both.Key = o.Key
	case !strings.HasPrefix(r.Key, o.Key):
		return both, false
	}
	return both, true
}

// Check reports why a session under f would be refused: an error matching
// [ErrTooLarge] for more than 64 rules or 16 KiB of them, or one for a rule that
// has a Key and no Type.
func (f Filter) Check() error {
	if len(f.rules) > maxRules {
		return fmt.Errorf("replicate: filter of %d rules, limit %d: %w", len(f.rules), maxRules, ErrTooLarge)
	}
	if code := f.code(); len(code) > maxFilter {
		return NewSizeError("filter", code, maxFilter)
	}
	for _, r := range f.rules {
		if len(r.Type) > MaxName || len(r.Name) > MaxName || len(r.Key) > MaxName {
			return NewSizeError("filter's rule", r.String(), MaxName)
		}
		if r.Key != "" && r.Type == "" {
			return fmt.Errorf("replicate: filter %v has a key and no type", r)
		}
	}
	return nil
}

// code is the one encoding of f: "" passes everything.
func (f Filter) code() string {
	if !f.some {
		return ""
	}
	b := binary.AppendUvarint(nil, uint64(len(f.rules)))
	for _, r := range f.rules {
		b = append(appendText(appendText(b, r.Type), r.Name), r.exact())
		b = appendText(b, r.Key)
	}
	return string(b)
}

var errFilter = errors.New("filter that is not in its one form")

// filter reads a filter: a text that holds its encoding.
func (c *cursor) filter() Filter {
	code := c.text(maxFilter)
	if c.err != nil || code == "" {
		return Filter{}
	}
	in := &cursor{b: []byte(code)}
	rules := make([]Rule, in.count(4))
	for i := range rules {
		r := &rules[i]
		r.Type, r.Name = in.text(MaxName), in.text(MaxName)
		r.Prefix, r.Key = in.byte() == 0, in.text(MaxName)
	}
	if len(rules) > maxRules {
		in.fail(fmt.Errorf("%d rules, limit %d", len(rules), maxRules))
		rules = nil
	}
	f := Only(rules...)
	if in.err == nil && f.code() != code {
		in.fail(errFilter)
	}
	if in.err == nil {
		in.err = f.Check()
	}
	if in.err != nil {
		c.fail(in.err)
	}
	return f
}
