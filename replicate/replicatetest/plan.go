package replicatetest

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// A plan is a schedule: all that a seed decides. Each step carries its own
// randomness, so that leaving one out changes the others as little as can be.
type plan struct {
	seed      uint64
	replicas  int
	ids       [maxReplicas]int // what a replica's id is made of
	journals  uint8            // bit i: replica i has one
	frameSize int              // SyncConfig.FrameSize
	skew      bool             // clocks step
	signed    bool             // every second replica signs
	shape     shape            // of the links that heal all
	dead      int              // the replica that does not come back, or -1
	restless  bool             // nothing is healed, and nothing at rest checked
	orders    int              // how many other orders are tried at the end
	fresh     bool             // another replica is brought all writes, one by one
	again     bool             // play a second time, and compare the ops
	late      late             // what is done when all are equal
	steps     []step
}

// A step is one thing that happens.
type step struct {
	kind stepKind
	a, b int    // replicas; the same for what concerns one
	r    uint64 // the step's own randomness
}

type stepKind uint8

const (
	stepEdit    stepKind = iota // a
	stepMove                    // a frame from a to b
	stepSend                    // a frame leaves a for b, and stays on its way
	stepLose                    // a frame leaves a for b, and the link is cut
	stepOpen                    // a session, handshake and all
	stepDial                    // a session of which nothing has moved
	stepCut                     // it
	stepPart                    // links between two groups are cut and stay so
	stepHeal                    // they may open again
	stepFollow                  // a's subscriber reads
	stepCommit                  // a's journal
	stepTear                    // a crashes in the middle of a group commit
	stepCrash                   // a
	stepRestart                 // a
	stepDump                    // a is dumped, for later
	stepLoad                    // some dump into a, whole or cut off
	stepDeliver                 // some write by itself, into a
	stepClock                   // a's steps
	stepFlow                    // frames between a and b, until there is none
	stepKinds
)

// weights says how often each kind of step is taken.
var weights = [stepKinds]int{
	stepEdit: 30, stepMove: 36, stepSend: 4, stepLose: 2, stepOpen: 6, stepDial: 3,
	stepCut: 2, stepPart: 1, stepHeal: 1, stepFollow: 5, stepCommit: 8, stepTear: 4,
	stepCrash: 2, stepRestart: 3, stepDump: 2, stepLoad: 3, stepDeliver: 6, stepClock: 2,
	stepFlow: 3,
}

// dice has each kind of step as often as it weighs.
var dice = func() (d []stepKind) {
	for k, n := range weights {
		for range n {
			d = append(d, stepKind(k))
		}
	}
	return d
}()

// A shape is which replicas are linked when all is healed.
type shape int

const (
	shapeStar shape = iota
	shapeLine
	shapeRing
	shapeFull
	shapes
)

// late is what is done when all are equal.
type late int

const (
	lateNothing late = iota
	lateForget
	lateParts
	lates
)

func (s shape) String() string { return [...]string{"a star", "a line", "a ring", "all pairs"}[s] }

// plan makes the schedule of a seed.
func (c Config) plan(seed uint64) plan {
	rnd := rand.New(rand.NewPCG(seed, 'w'))
	p := plan{seed: seed, replicas: 2 + rnd.IntN(3), signed: c.Signed, dead: -1}
	for i := range p.ids {
		p.ids[i] = i
	}
	if rnd.IntN(8) == 0 {
		p.replicas = 5 + rnd.IntN(4)
	}
	p.replicas = min(p.replicas, c.MaxReplicas)
	if rnd.IntN(2) == 0 {
		p.journals = uint8(rnd.Uint32()|rnd.Uint32()) & (1<<p.replicas - 1)
	}
	p.frameSize = [...]int{1, 1, 1, 40, 0}[rnd.IntN(5)]
	p.skew = rnd.IntN(3) == 0
	p.shape = shape(rnd.IntN(int(shapes)))
	if rnd.IntN(3) == 0 {
		p.dead = rnd.IntN(p.replicas)
	}
	p.orders = 1 + rnd.IntN(2)
	p.fresh = rnd.IntN(4) == 0 && p.replicas < maxReplicas
	p.again = seed%16 == 0
	p.late = late(mix(seed, 1000) % uint64(lates))
	p.steps = make([]step, 4+rnd.IntN(max(1, c.Steps-3)))
	for i := range p.steps {
		s := step{kind: dice[rnd.IntN(len(dice))], a: rnd.IntN(p.replicas), r: rnd.Uint64()}
		s.b = (s.a + 1 + rnd.IntN(p.replicas-1)) % p.replicas
		p.steps[i] = s
	}
	return p
}

func (p plan) String() string {
	parts := []string{fmt.Sprintf("%d replicas", p.replicas)}
	if p.signed {
		parts = append(parts, "every second signs")
	}
	if p.journals != 0 {
		var who []string
		for i := range p.replicas {
			if p.journals>>i&1 == 1 {
				who = append(who, fmt.Sprint(i))
			}
		}
		parts = append(parts, "journals at "+strings.Join(who, " "))
	}
	if p.restless {
		parts = append(parts, "not healed")
	} else {
		parts = append(parts, "healed as "+p.shape.String())
	}
	switch p.frameSize {
	case 0:
		parts = append(parts, "large frames")
	case 1:
		parts = append(parts, "an update a frame")
	default:
		parts = append(parts, fmt.Sprintf("frames of %d bytes", p.frameSize))
	}
	if p.skew {
		parts = append(parts, "clocks step")
	}
	if p.late != lateNothing && !p.restless {
		parts = append(parts, [...]string{lateForget: "then deletions are forgotten", lateParts: "then parts are sent"}[p.late])
	}
	if p.dead >= 0 && !p.restless {
		parts = append(parts, fmt.Sprintf("%d dies for good", p.dead))
	}
	return strings.Join(parts, ", ")
}

// without returns p without replica i, and what it does.
func (p plan) without(i int) plan {
	q := p
	q.replicas--
	copy(q.ids[i:], p.ids[i+1:])
	low := uint8(1)<<i - 1
	q.journals = p.journals&low | p.journals>>1&^low
	if p.dead == i {
		q.dead = -1
	} else if p.dead > i {
		q.dead--
	}
	q.steps = nil
	for _, s := range p.steps {
		if s.a == i || s.b == i && s.concernsTwo() {
			continue
		}
		if s.a > i {
			s.a--
		}
		if s.b > i || s.b == q.replicas {
			s.b--
		}
		q.steps = append(q.steps, s)
	}
	return q
}

// concernsTwo reports whether the step's b means anything.
func (s step) concernsTwo() bool {
	switch s.kind {
	case stepMove, stepSend, stepLose, stepOpen, stepDial, stepCut, stepFlow:
		return true
	}
	return false
}

// mix makes a number of two, as random as they are.
func mix(a, b uint64) uint64 {
	a ^= b*0x9e3779b97f4a7c15 + 0x7f4a7c15
	a = (a ^ a>>30) * 0xbf58476d1ce4e5b9
	a = (a ^ a>>27) * 0x94d049bb133111eb
	return a ^ a>>31
}
