package replicate_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
)

// forgetting appends the steps of replica i that have to do with forgetting.
func (x *search) forgetting(p *past, i int, steps []step) []step {
	if p.forgets < x.forgets {
		steps = append(steps, step{kind: stepForget, i: uint8(i)}, step{kind: stepForget, i: uint8(i), j: 1})
	}
	if p.forgets < x.forgets && x.declare != 0 {
		steps = append(steps, step{kind: stepMember, i: uint8(i), j: uint8(x.declare)})
	}
	if p.dumps < x.dumps {
		steps = append(steps, step{kind: stepDump, i: uint8(i)})
	}
	if p.dump > 0 {
		steps = append(steps, step{kind: stepLoad, i: uint8(i)}, step{kind: stepLoad, i: uint8(i), j: 1})
	}
	return steps
}

// forgetful takes one of those steps.
func (x *search) forgetful(sc *scene, st step) bool {
	p := x.pasts.all[sc.past]
	what := act{kind: st.kind, j: st.j}
	switch st.kind {
	case stepForget:
		p.forgets++
	case stepDump:
		p.dumps++
		p.dump = x.frame(dumpOfSeat(x.cores[sc.at[st.i].core].seat))
	case stepLoad:
		what.arg = p.dump
	}
	if st.kind != stepDump && x.act(sc, int(st.i), what).none {
		return false
	}
	sc.past = x.pasts.number(p)
	return true
}

// forgetfully does one of those acts, and reports whether it did anything.
func (a *actors) forgetfully(s *seat, what act) bool {
	switch what.kind {
	case stepMember:
		s.declare(int(what.j))
		return true
	case stepLoad:
		chunks := bytes.SplitAfter(a.chunks[what.arg], between)
		for i := range chunks {
			chunks[i] = bytes.TrimSuffix(chunks[i], between)
		}
		if what.j == 1 {
			chunks = chunks[:len(chunks)-1]
		}
		if s.without == oldDumps {
			h := s.Replica.SetHorizon(nil)
			defer func() { s.Replica.SetHorizon(h) }()
		}
		_, err := s.Replica.Load(context.Background(), pull.Values(chunks...))
		return !errors.Is(err, replicate.ErrBehind)
	}
	if s.without == agreement {
		ids := s.Replica.Members()
		s.declare(1 << s.At)
		defer s.Replica.SetMembers(ids)
	}
	n, err := s.Replica.Forget(what.j == 1)
	return n > 0 && err == nil
}

// between parts the chunks of a dump, so that it is one text.
var between = []byte("|between|")

func dumpOfSeat(s *seat) []byte {
	chunks, err := pull.Collect(context.Background(), s.clone().Replica.Read(nil))
	must(err)
	return bytes.Join(chunks, between)
}

func (s *seat) declare(members int) {
	var ids []replicate.ReplicaID
	for i := range 3 {
		if members>>i&1 == 1 {
			ids = append(ids, idOf(i))
		}
	}
	s.Replica.SetMembers(ids)
}

// parting reports whether an error ends a session as it should.
func (x *search) parting(err error) bool {
	return x.members != 0 && (errors.Is(err, replicate.ErrBehind) || errors.Is(err, replicate.ErrResynced))
}

// unruly breaks a rule while an end of a session moves.
func (s *seat) unruly(j int) (after func()) {
	switch {
	case s.without == bothWays && !s.Ends[j].Streaming():
		h := s.Replica.SetHorizon(nil)
		return func() { s.Replica.SetHorizon(h) }
	case s.without == ackedLater:
		return s.Replica.TrustDisk()
	case s.without == forkAuthor:
		was := s.Replica.Author()
		return func() { s.Replica.WriteAs(was) }
	case s.without == swapAuthor:
		was, n := s.Replica.Author(), s.Replica.Swapped()
		return func() {
			if s.Replica.Swapped() != n {
				s.Replica.WriteAs(was)
			}
		}
	}
	return func() {}
}

// forgotten reports whether a write was deleted, and that below a horizon.
func (p *past) forgotten(is issue, horizon replicate.Clock) bool {
	return slices.ContainsFunc(p.issued[:p.n], func(d issue) bool {
		return d.del && d.key == is.key && d.stamp.Compare(is.stamp) >= 0 && horizon.Covers(d.stamp)
	})
}

// deleted reports whether that may have been forgotten which has deleted a write.
func (p *past) deleted(is issue) bool {
	return p.forgets > 0 && slices.ContainsFunc(p.issued[:p.n], func(d issue) bool {
		return d.del && d.key == is.key && d.stamp.Compare(is.stamp) >= 0
	})
}

// buried checks that nothing is back that a forgotten deletion was about.
func (p *past) buried(i int, r *replicate.Replica) (err error) {
	horizon := r.Horizon()
	r.EachLive(func(u *replicate.Update) {
		is := issue{stamp: u.Stamp(), key: keyOf(u)}
		if u.Op()[0] != 0 && p.forgotten(is, horizon) {
			err = fmt.Errorf("%d holds %v of %s, which was deleted, and that forgotten", i, is.stamp, is.key)
		}
	})
	return err
}

// partly checks what replica i promises under its filter.
func (x *search) partly(i int, r *replicate.Replica, p *past, newest [2]replicate.Stamp) error {
	if x.wants[i] == "" {
		return nil
	}
	clock := r.ClockOf(keys(x.wants[i]))
	for _, is := range p.issued[:p.n] {
		at := newest[is.key[0]-'x']
		if is.key == x.wants[i] && clock.Covers(is.stamp) && at.Compare(is.stamp) < 0 {
			return fmt.Errorf("%d promises %v of %s under its filter and holds %v", i, is.stamp, is.key, at)
		}
	}
	return nil
}

// restful checks that of what two hold already nothing is sent again: where one
// write is all in which they differ, a session that knows nothing of the ones
// before moves that write alone.
func (x *search) restful(sc scene) error {
	for i := range sc.at {
		for j := range sc.at {
			if i == j || !sc.alive(i) || !sc.alive(j) {
				continue
			}
			now := sc
			x.cutAll(&now, i)
			x.cutAll(&now, j)
			x.act(&now, i, act{kind: actRestart})
			x.act(&now, j, act{kind: actRestart})
			x.act(&now, i, act{kind: stepWrite, key: 'y', arg: uint32(x.pasts.all[sc.past].writes)})
			if err := x.open(&now, i, j); err != nil {
				return err
			}
			if sent, back := x.settle(&now, i, j); sent > 1 || back > 0 {
				return fmt.Errorf("%d sends %d %d updates for one, and is sent %d", i, j, sent, back)
			}
		}
	}
	return nil
}

// settle moves what there is between two, and counts updates.
func (x *search) settle(sc *scene, i, j int) (sent, back int) {
	for moved := true; moved; {
		moved = false
		for _, ij := range [][2]int{{i, j}, {j, i}} {
			f, err := x.pass(sc, ij[0], ij[1])
			must(err)
			moved = moved || f != 0
			if replicate.IsUpdates(x.chunks[f]) && ij[0] == i {
				sent++
			} else if replicate.IsUpdates(x.chunks[f]) {
				back++
			}
		}
	}
	return sent, back
}
