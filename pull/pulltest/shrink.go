package pulltest

import (
	"io"
	"slices"
)

// A shrinker makes a plan shorter while it still breaks the same law.
type shrinker struct {
	try   func(plan) []Violation
	plan  plan
	found []Violation // what plan breaks
}

// shrink leaves out what is not needed to break the law that p breaks first,
// and returns what the rest breaks.
func shrink(p plan, found []Violation, try func(plan) []Violation) []Violation {
	s := &shrinker{try: try, plan: p, found: found}
	for s.dropStep() {
		continue
	}
	for _, plainer := range []func(root *script){
		func(root *script) { root.delay = 0 },
		func(root *script) { root.trouble = nil },
		func(root *script) { root.end = io.EOF },
	} {
		q := s.plan
		plainer(&q.root)
		s.accept(q)
	}
	for s.plan.root.n > 0 {
		q := s.plan
		q.root.n--
		if !s.accept(q) {
			break
		}
	}
	return s.found
}

// dropStep leaves out one step, the last that can be.
func (s *shrinker) dropStep() bool {
	for i := len(s.plan.steps) - 1; i >= 0; i-- {
		q := s.plan
		q.steps = slices.Delete(slices.Clone(q.steps), i, i+1)
		if s.accept(q) {
			return true
		}
	}
	return false
}

// accept takes q if it breaks the same law.
func (s *shrinker) accept(q plan) bool {
	found := s.try(q)
	same := slices.ContainsFunc(found, func(v Violation) bool { return v.Law == s.found[0].Law })
	if same {
		s.plan, s.found = q, found
	}
	return same
}
