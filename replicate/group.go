package replicate

// A group is a transaction: several updates that are written, sent, applied
// and kept together. Its head stands for it in the log. The parts bear
// consecutive times of one author, the first that of the head, so that each
// has a stamp of its own; no clock ever ends between them. Where a filter left
// some out, the others are still increasing.
type group struct {
	head  *Update
	parts []*Update // ascending time
	live  int       // how many are not obsolete; the group is when none is left
}

// newGroup makes the head of a transaction of these parts.
func newGroup(parts []*Update) *Update {
	p := parts[0]
	head := &Update{author: p.author, time: p.time, origin: p.origin}
	head.group = &group{head: head, parts: parts, live: len(parts)}
	for _, p := range parts {
		p.group = head.group
	}
	return head
}

// rows calls f for the update, or for each part of the transaction.
func (u *Update) rows(f func(*Update)) {
	if u.group == nil {
		f(u)
		return
	}
	for _, p := range u.group.parts {
		f(p)
	}
}

// end returns the newest time in u.
func (u *Update) end() Time {
	if u.group == nil {
		return u.time
	}
	return u.group.parts[len(u.group.parts)-1].time
}

// hash is u's share of the fingerprint: what of it is live. A replica that was
// sent some parts alone may never see the others, if they are obsolete.
func (u *Update) hash() (h Fingerprint) {
	u.rows(func(p *Update) {
		if p.state == stateLive {
			h.add(hashOf(p))
		}
	})
	return h
}

// size is what u takes in a frame, roughly.
func (u *Update) size() (n int) {
	u.rows(func(p *Update) { n += len(p.op) + updateOverhead })
	return n
}

// entry returns what stands in the log for u: itself, or its transaction.
func (u *Update) entry() *Update {
	if u.group == nil {
		return u
	}
	return u.group.head
}

// retire notes that v is obsolete and returns what that concerns in the log:
// v itself, or the transaction it is a part of. It is whole when nothing of
// that is left.
func (v *Update) retire() (entry *Update, whole bool) {
	g := v.group
	if g == nil {
		return v, true
	}
	if v.state == stateLive {
		v.state = stateDropped
		g.live--
	}
	return g.head, g.live == 0
}
