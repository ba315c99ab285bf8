package frame

import (
	"regexp/syntax"
	"slices"
	"unicode/utf8"
)

// An automaton runs the program of a regexp rune by rune, all ways to match at
// once, each a thread, as Thompson and Pike have it. Package regexp does the
// same; here one can stop anywhere, and see where the oldest thread begins.
type automaton struct {
	prog     *syntax.Prog
	looks    bool      // some condition looks at the runes around pos
	anchored bool      // a match begins with the text or nowhere
	first    [256]bool // the bytes that a match can begin with

	pos   int64 // of the next rune
	from  int64 // a match begins here or later
	since int64 // where this search began

	live     threads // from the most wanted to the least, so from the oldest on
	spare    threads
	followed bool    // live waits for runes, not at conditions
	seen     []int64 // by instruction: the round in which it was reached
	round    int64
	groups   []int64 // of the thread that is being followed

	matched bool
	match   []int64 // the most wanted match so far, as in package regexp
}

// setUp makes the automaton ready to search from the start of the text.
func (a *automaton) setUp(groups bool) {
	n := 2
	if groups {
		n = a.prog.NumCap
	}
	n = max(n, 2)
	a.seen = make([]int64, len(a.prog.Inst))
	a.groups, a.match = make([]int64, n), make([]int64, n)
	a.live.n, a.spare.n = n, n
	for _, inst := range a.prog.Inst {
		a.looks = a.looks || inst.Op == syntax.InstEmptyWidth
	}
	a.anchored = a.prog.StartCond()&syntax.EmptyBeginText != 0
	a.follow(^syntax.EmptyOp(0))
	for _, pc := range a.live.pcs {
		inst := &a.prog.Inst[pc]
		for b := range a.first {
			a.first[b] = a.first[b] || inst.Op == syntax.InstMatch || mayBegin(inst, b)
		}
	}
	a.restart(0)
}

// mayBegin says whether the byte b can begin a rune that inst takes; for those
// beyond ASCII it may say so though it cannot.
func mayBegin(inst *syntax.Inst, b int) bool {
	if b < utf8.RuneSelf {
		return takes(inst, rune(b))
	}
	folds := syntax.Flags(inst.Arg)&syntax.FoldCase != 0
	return folds || inst.Op != syntax.InstRune && inst.Op != syntax.InstRune1 ||
		slices.ContainsFunc(inst.Rune, func(r rune) bool { return r >= utf8.RuneSelf })
}

// restart begins a search at pos, behind the match that was found last: one
// that was empty where its search began must not be found again.
func (a *automaton) restart(pos int64) {
	a.from = pos
	if a.matched && pos == a.since {
		a.from++
	}
	a.pos, a.since = pos, pos
	a.live.clear()
	a.followed, a.matched = false, false
}

// idle says that no match has begun.
func (a *automaton) idle() bool {
	return len(a.live.pcs) == 0 && !a.matched && !a.followed && a.pos >= a.from
}

// skip returns how many bytes at the start of text no match can begin with.
func (a *automaton) skip(text []byte) (n int) {
	if a.anchored && a.pos > 0 {
		return len(text)
	}
	for n < len(text) && !a.first[text[n]] {
		n++
	}
	return n
}

// low returns where the oldest thread begins: no match can begin before.
func (a *automaton) low() int64 {
	switch {
	case len(a.live.pcs) > 0:
		return a.live.groups[0]
	case a.matched:
		return a.match[0]
	}
	return a.pos
}

// decided says that the match which was found is the one.
func (a *automaton) decided() bool { return a.matched && len(a.live.pcs) == 0 }

// sure is decided, where the rune at pos is not known and does not matter.
func (a *automaton) sure() bool {
	if len(a.live.pcs) > 0 && a.prog.Inst[a.live.pcs[0]].Op == syntax.InstMatch {
		a.found(a.live.of(0))
		a.live.clear()
	}
	return a.decided()
}

// follow moves all threads on to where they wait for a rune, under the
// conditions that hold at pos, and starts one there.
func (a *automaton) follow(holds syntax.EmptyOp) {
	if a.followed {
		return
	}
	a.followed = true
	a.round++
	a.spare.clear()
	for i, pc := range a.live.pcs {
		copy(a.groups, a.live.of(i))
		a.reach(pc, holds)
	}
	if !a.matched && a.pos >= a.from {
		for i := range a.groups {
			a.groups[i] = -1
		}
		a.groups[0] = a.pos
		a.reach(uint32(a.prog.Start), holds)
	}
	a.live, a.spare = a.spare, a.live
}

// reach goes on from an instruction that no more wanted thread has reached.
func (a *automaton) reach(pc uint32, holds syntax.EmptyOp) {
	for a.seen[pc] != a.round {
		a.seen[pc] = a.round
		inst := &a.prog.Inst[pc]
		switch inst.Op {
		case syntax.InstFail:
			return
		case syntax.InstAlt, syntax.InstAltMatch:
			a.reach(inst.Out, holds)
			pc = inst.Arg
			continue
		case syntax.InstEmptyWidth:
			if syntax.EmptyOp(inst.Arg)&^holds != 0 {
				return
			}
		case syntax.InstCapture:
			if int(inst.Arg) < len(a.groups) {
				old := a.groups[inst.Arg]
				a.groups[inst.Arg] = a.pos
				a.reach(inst.Out, holds)
				a.groups[inst.Arg] = old
				return
			}
		case syntax.InstNop:
		default:
			a.spare.add(pc, a.groups)
			return
		}
		pc = inst.Out
	}
}

// consume gives each thread the rune at pos, of that size. A match makes an end
// of all threads that are less wanted.
func (a *automaton) consume(c rune, size int) {
	a.spare.clear()
	for i, pc := range a.live.pcs {
		inst := &a.prog.Inst[pc]
		if inst.Op == syntax.InstMatch {
			a.found(a.live.of(i))
			break
		}
		if takes(inst, c) {
			a.spare.add(inst.Out, a.live.of(i))
		}
	}
	a.live, a.spare = a.spare, a.live
	a.pos += int64(size)
	a.followed = false
}

func (a *automaton) found(groups []int64) {
	a.matched = true
	copy(a.match, groups)
	a.match[1] = a.pos
}

// takes says whether the instruction takes the rune; none takes endOfText.
func takes(inst *syntax.Inst, c rune) bool {
	switch inst.Op {
	case syntax.InstRune, syntax.InstRune1:
		return c >= 0 && inst.MatchRune(c)
	case syntax.InstRuneAny:
		return c >= 0
	case syntax.InstRuneAnyNotNL:
		return c >= 0 && c != '\n'
	}
	return false
}

// threads are instructions, and n groups for each.
type threads struct {
	n      int
	pcs    []uint32
	groups []int64
}

func (t *threads) clear() { t.pcs, t.groups = t.pcs[:0], t.groups[:0] }

func (t *threads) add(pc uint32, groups []int64) {
	t.pcs = append(t.pcs, pc)
	t.groups = append(t.groups, groups...)
}

func (t *threads) of(i int) []int64 { return t.groups[i*t.n : (i+1)*t.n] }
