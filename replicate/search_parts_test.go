package replicate_test

import "hash/maphash"

// codes hashes what a Coder writes.
var codes = maphash.MakeSeed()

// core returns the number of a seat's core.
func (a *actors) core(s *seat) uint32 {
	code := a.coder.Core(&s.Seat, nil)
	id, ok := a.ids[0][string(code)]
	if ok {
		return id
	}
	id = uint32(len(a.cores))
	a.ids[0][string(code)] = id
	bare := s.clone()
	for j := range bare.Ends {
		bare.end(j)
	}
	c := core{seat: bare, progress: a.coder.Done(&s.Seat), holds: a.coder.Holds(s.Replica), lasts: s.lasts()}
	for _, o := range a.orders {
		name := names(o)
		c.renamed = append(c.renamed, maphash.Bytes(codes, a.coder.Core(&s.Seat, &name)))
	}
	if s.Tail != nil {
		c.kept = [2]int{s.torn(false), s.torn(true)}
	}
	a.cores = append(a.cores, c)
	return id
}

// end returns the number of an end. What core it belongs to is part of it.
func (a *actors) end(s *seat, j int) uint32 {
	core := a.core(s)
	code := a.coder.End(&s.Seat, j, nil)
	code = append(code, byte(j), byte(s.round[j]))
	met := a.met(s.met[j])
	code = append(code, met...)
	code = append(code, byte(core), byte(core>>8), byte(core>>16), byte(core>>24))
	id, ok := a.ids[1][string(code)]
	if ok {
		return id
	}
	id = uint32(len(a.ends))
	a.ids[1][string(code)] = id
	e := end{
		seat: s, progress: a.coder.Progress(s.Ends[j]), sent: s.round[j],
		ack: s.Ends[j].AckDue(), idle: s.Ends[j].Streaming(), left: s.Ends[j].Left(), over: s.Ends[j].Over(),
		failed: s.Ends[j].Failure(), gone: s.Ends[j].Gone(),
	}
	for _, o := range a.orders {
		name := names(o)
		h := maphash.Bytes(codes, a.coder.End(&s.Seat, j, &name))
		h = mixed(h, uint64(s.round[j])+1)
		e.renamed = append(e.renamed, mixed(h, maphash.Bytes(codes, met)))
	}
	a.ends = append(a.ends, e)
	return id
}

// names returns what seats are called that are in an order.
func names(order [3]int) (name [3]byte) {
	for at, i := range order {
		name[i] = byte(at)
	}
	return name
}

// heard returns a number for how far a replica has heard another's log.
func (a *actors) heard(s, t uint32) uint64 {
	if s == 0 || t == 0 {
		return 0
	}
	h, ok := a.pairs[[2]uint32{s, t}]
	if !ok {
		for _, b := range a.coder.Heard(&a.cores[s].seat.Seat, &a.cores[t].seat.Seat) {
			h = mixed(h, uint64(b)+1)
		}
		a.pairs[[2]uint32{s, t}] = h
	}
	return h
}
