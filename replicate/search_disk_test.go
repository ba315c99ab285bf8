package replicate_test

import (
	"slices"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/through/frame"
)

// restored returns the replica that a disk holds.
func (s *seat) restored(frames []byte) *replicate.Replica {
	r := replicate.New(replicate.Config{
		ID: idOf(s.id), Types: []replicate.Type{s.kind.Type}, Now: s.now, Rand: s,
	})
	x := r.Restorer()
	for len(frames) > 0 {
		msg, n, err := frame.Parse(frames, 5<<20)
		if err == nil {
			err = x.Frame(msg)
		}
		if s.without == batches {
			r.Heard()
		}
		if err != nil {
			panic(err)
		}
		frames = frames[n:]
	}
	return r
}

// image is restored, for looking at: it uses up no chance.
func (s *seat) image(frames []byte) *replicate.Replica {
	c := &seat{id: s.id, kind: s.kind, without: s.without}
	return c.restored(frames)
}

// done says that what i's journal has taken is on its disk.
func (sc *scene) done(i int, lies bool) {
	s := sc.own(i)
	s.frames = slices.Concat(s.frames, s.Pending.Frames)
	if lies {
		s.Past = slices.Concat(s.Past, []*replicate.Replica{s.Disk}, s.Then[:len(s.Then)-1])
	}
	s.Who, s.Disk = s.Pending.Author, s.Then[len(s.Then)-1]
	if s.without != unseenFirst {
		s.Tail.Done(*s.Pending)
	}
	s.Pending, s.Then = nil, nil
	sc.issued = slices.Clone(sc.issued)
	for k, is := range sc.issued {
		if is.node == i && s.Disk.Covers(is.stamp) {
			sc.issued[k].safe = true
		}
	}
}

func (s *seat) take(without rule) bool {
	b, ok := s.Tail.Take()
	if !ok {
		return false
	}
	s.Pending = &b
	for _, n := range cuts(b.Frames)[1:] {
		s.Then = append(s.Then, s.image(slices.Concat(s.frames, b.Frames[:n])))
	}
	if without == unseenFirst {
		s.Tail.Done(b)
	}
	return true
}

// cuts returns how long each whole number of frames is.
func cuts(frames []byte) []int {
	at := []int{0}
	for n := 0; n < len(frames); {
		_, size, err := frame.Parse(frames[n:], 5<<20)
		must(err)
		n += size
		at = append(at, n)
	}
	return at
}

// crash stops i and opens it again. Of what its journal had taken and not
// confirmed, keep frames are on the disk. If the disk lies, it may also have
// lost what it had confirmed: keep then counts from its beginning.
func (sc *scene) crash(i, keep int, lies bool) {
	sc.cutAll(i)
	sc.crashes++
	s := sc.own(i)
	var batch []byte
	if b := s.Pending; b != nil {
		batch = b.Frames
		if keep > 0 || !b.Renewed {
			s.Who = b.Author
		}
	}
	all := slices.Concat(s.frames, batch)
	if lies {
		s.frames = all[:cuts(all)[keep]]
	} else {
		s.frames = all[:len(s.frames)+cuts(batch)[keep]]
	}
	if lies {
		s.Past = slices.Concat(s.Past, []*replicate.Replica{s.Disk}, s.Then)[:keep]
	}
	s.open(true, lies && s.without != newAuthor)
	sc.forget(i)
}

// forget drops i's writes that were never confirmed and that nobody holds:
// nobody was shown them, so that they have never been.
func (sc *scene) forget(i int) {
	held := map[replicate.Stamp]bool{}
	for _, s := range sc.seats {
		if s != nil {
			s.Replica.EachLive(func(u *replicate.Update) { held[u.Stamp()] = true })
		}
	}
	sc.issued = slices.DeleteFunc(slices.Clone(sc.issued), func(is issue) bool {
		return is.node == i && !is.safe && !held[is.stamp]
	})
}
