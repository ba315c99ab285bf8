package replicatetest

// shrink leaves out what is not needed to break the law that p breaks, and
// reports the rest.
func shrink(k *Kind, p plan, b *breach) *Failure {
	f := &Failure{Law: b.law, Detail: b.detail, Options: p.String(), Seed: p.seed, Steps: len(p.steps)}
	try := func(q plan) bool {
		t := &trace{}
		c := play(k, q, t)
		if c == nil || c.law != f.Law {
			return false
		}
		p = q
		f.Detail, f.Options, f.History = c.detail, p.String(), t.lines
		return true
	}
	if !try(p) {
		f.Detail += "; played again it is not: something is decided by more than the seed"
	}
	for shorter(p, try) || plainer(p, try) {
		continue
	}
	return f
}

// shorter tries to leave out steps, many at once as long as that goes.
func shorter(p plan, try func(plan) bool) (shrunk bool) {
	for size := len(p.steps); size > 0; size /= 2 {
		for at := len(p.steps) - size; at >= 0; at -= size {
			q := p
			q.steps = append(append([]step(nil), p.steps[:at]...), p.steps[at+size:]...)
			if try(q) {
				p, shrunk = q, true
			}
		}
	}
	return shrunk
}

// plainer tries plainer options and plainer steps, one at a time.
func plainer(p plan, try func(plan) bool) (shrunk bool) {
	accept := func(change func(q *plan)) {
		q := p
		q.steps = append([]step(nil), p.steps...)
		if change(&q); try(q) {
			p, shrunk = q, true
		}
	}
	for i := p.replicas - 1; i >= 0 && p.replicas > 2; i-- {
		if q := p.without(i); try(q) {
			p, shrunk = q, true
		}
	}
	if !p.restless {
		accept(func(q *plan) { q.restless = true })
	}
	if p.journals != 0 {
		accept(func(q *plan) { q.journals = 0 })
	}
	if p.fresh {
		accept(func(q *plan) { q.fresh = false })
	}
	if p.late != lateNothing {
		accept(func(q *plan) { q.late = lateNothing })
	}
	if p.skew {
		accept(func(q *plan) { q.skew = false })
	}
	if p.dead >= 0 {
		accept(func(q *plan) { q.dead = -1 })
	}
	if p.shape != shapeStar {
		accept(func(q *plan) { q.shape = shapeStar })
	}
	if p.frameSize != 1 {
		accept(func(q *plan) { q.frameSize = 1 })
	}
	for i, s := range p.steps {
		for r := range uint64(4) {
			if s.kind == stepEdit && s.r > r {
				accept(func(q *plan) { q.steps[i].r = r })
			}
		}
	}
	return shrunk
}
