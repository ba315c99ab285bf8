package replicate

import (
	"fmt"
	"strings"
)

// scope is a filter as one replica's objects meet it. A nil scope passes
// everything. The replica's lock guards it.
type scope struct {
	filter  Filter
	objects []ruling // by object.index

	wider []*partial // those whose filters contain this one,
	of    uint64     // of the list of that change
}

// ruling is what a filter says of an object.
type ruling struct {
	known bool
	all   bool     // every update passes
	keys  []string // else those with keys that begin so
}

// newScope returns nil for a filter that passes everything.
func newScope(f Filter) *scope {
	if f.All() {
		return nil
	}
	return &scope{filter: f}
}

// only returns the filter of a scope.
func (s *scope) only() Filter {
	if s == nil {
		return Filter{}
	}
	return s.filter
}

func (s *scope) ruling(o *object) *ruling {
	for len(s.objects) <= o.index {
		s.objects = append(s.objects, ruling{})
	}
	v := &s.objects[o.index]
	if v.known {
		return v
	}
	v.known = true
	for _, r := range s.filter.rules {
		switch {
		case r.Type != "" && r.Type != o.name.Type || !r.named(o.name.Name, false):
		case r.Key == "":
			v.all = true
		default:
			v.keys = append(v.keys, r.Key)
		}
	}
	return v
}

// passes reports whether a row does: an update, or a part of a transaction.
func (s *scope) passes(p *Update) bool {
	if s == nil {
		return true
	}
	v := s.ruling(p.object)
	if v.all || len(v.keys) == 0 || p.object.typ.Key == nil {
		return v.all
	}
	key, ok := p.object.typ.Key(p.Op())
	for _, prefix := range v.keys {
		if ok && strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return false
}

// some reports whether any row of u passes.
func (s *scope) some(u *Update) (pass bool) {
	if s == nil {
		return true
	}
	u.rows(func(p *Update) { pass = pass || s.passes(p) })
	return pass
}

// refuses reports whether a row that came in should not have: one that does
// not pass. Of an object whose type is not known here nobody can say.
func (s *scope) refuses(p *Update) bool {
	if s.passes(p) {
		return false
	}
	_, unread := p.object.state.(opaque)
	return !unread || len(s.ruling(p.object).keys) == 0
}

// judges reports whether this replica can tell what passes f: it relays
// objects of types that it does not know, and cannot read their keys. To leave
// such updates out under a marker that covers them would be a false promise.
func (r *Replica) judges(f Filter) error {
	for _, rule := range f.rules {
		if rule.Key != "" && r.types[rule.Type] == nil && r.cfg.KeepUnknown {
			return &UnknownTypeError{Object: ObjectName{Type: rule.Type, Name: rule.Name}}
		}
	}
	return nil
}

// refuse refuses updates of which some part should not have come.
func (s *scope) refuse(updates []*Update) error {
	if s == nil {
		return nil
	}
	var err error
	for _, u := range updates {
		u.rows(func(p *Update) {
			if err == nil && s.refuses(p) {
				err = &FrameError{Frame: "updates", Err: fmt.Errorf("%v is not in %v", p.object.name, s.filter)}
			}
		})
	}
	return err
}
