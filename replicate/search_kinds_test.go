package replicate_test

import (
	"fmt"
	"strings"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/model"
)

// A kind is a type of object that a search plays with, and how its ops are
// made. All of them have a model's layout: what it is, and the key.
type kind struct {
	replicate.Type
	op func(del bool, key string, n int, d replicate.Draft) string
}

func plainOp(del bool, key string, n int, _ replicate.Draft) string {
	if del {
		return "\x00\x01" + key
	}
	return fmt.Sprint("\x01\x01", key, n)
}

// last is the model: the last writer of a key wins.
var last = &kind{model.JSON, plainOp}

// orphans is a model that refuses y where x never was, though whoever wrote y
// had it: R5 says that an effect may come before its cause.
var orphans = &kind{
	replicate.Type{Tag: "orphans", New: func() replicate.Object { return &refusing{} }},
	func(_ bool, key string, n int, d replicate.Draft) string {
		if key == "y" && !d.State.(*refusing).begun {
			return ""
		}
		return plainOp(false, key, n, d)
	},
}

type refusing struct {
	cells [2]*replicate.Update
	begun bool
}

func (s *refusing) Apply(u *replicate.Update, obsolete func(*replicate.Update)) {
	key := keyOf(u)[0] - 'x'
	s.begun = s.begun || key == 0
	switch old := s.cells[key]; {
	case !s.begun || old != nil && old.Newer(u):
		obsolete(u)
		return
	case old != nil:
		obsolete(old)
	}
	s.cells[key] = u
}

func (s *refusing) CopyWith(copied func(*replicate.Update) *replicate.Update) replicate.Object {
	return &refusing{[2]*replicate.Update{copied(s.cells[0]), copied(s.cells[1])}, s.begun}
}

// sets returns a set of dots in which an addition replaces those that its
// author sees; if it is transitive, also those that these had replaced (R6).
func sets(transitive bool) *kind {
	k := &kind{Type: replicate.Type{Tag: "dots", New: func() replicate.Object { return &dots{} }}}
	k.op = func(_ bool, key string, _ int, d replicate.Draft) string {
		op := "\x01\x01" + key
		for _, u := range d.State.(*dots).live {
			op += dotOf(u)
			if transitive {
				op += u.Op()[3:]
			}
		}
		return op
	}
	return k
}

type dots struct{ live []*replicate.Update }

func dotOf(u *replicate.Update) string { return u.Stamp().String() + ";" }

func (s *dots) Apply(u *replicate.Update, obsolete func(*replicate.Update)) {
	var kept []*replicate.Update
	gone := false
	for _, v := range s.live {
		gone = gone || strings.Contains(v.Op(), dotOf(u))
		if strings.Contains(u.Op(), dotOf(v)) {
			obsolete(v)
		} else {
			kept = append(kept, v)
		}
	}
	if s.live = kept; gone {
		obsolete(u)
		return
	}
	s.live = append(s.live, u)
}
