package replicate_test

import (
	"slices"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/through/frame"
)

// restored returns the replica that a disk holds.
func (s *seat) restored(frames []byte) *replicate.Replica {
	r := replicate.New(replicate.Config{
		ID: idOf(s.as), Types: []replicate.Type{s.kind.Type}, Now: s.now, Rand: s,
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
	c := &seat{kind: s.kind, without: s.without, as: s.as}
	c.At = s.At
	return c.restored(frames)
}

// take has the journal take what is new.
func (s *seat) take() bool {
	b, ok := s.Tail.Take()
	if !ok {
		return false
	}
	s.Pending = &b
	for _, n := range s.ways(b)[1:] {
		s.Then = append(s.Then, s.image(slices.Concat(s.base(), b.Frames[:n])))
	}
	if s.without == unseenFirst {
		s.Tail.Done(b)
	}
	return true
}

// base is what the batch that is being written is written behind.
func (s *seat) base() []byte {
	if s.Pending.Reset {
		return nil
	}
	return s.frames
}

// ways returns how much of a batch a crash may leave. A file of its own takes
// the place of the old one when it is whole.
func (s *seat) ways(b replicate.Batch) []int {
	if b.Reset {
		return []int{0, len(b.Frames)}
	}
	return cuts(b.Frames)
}

// done says that what the journal has taken is on the disk.
func (s *seat) done(lies bool) {
	s.frames = slices.Concat(s.base(), s.Pending.Frames)
	if lies {
		s.Past = slices.Concat(s.Past, []*replicate.Replica{s.Disk}, s.Then[:len(s.Then)-1])
	}
	s.Who, s.Disk = s.Pending.Author, s.Then[len(s.Then)-1]
	if s.without != unseenFirst {
		s.Tail.Done(*s.Pending)
	}
	s.Pending, s.Then = nil, nil
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

// torn returns how many more frames a crash may leave on the disk, at most. If
// the disk lies, it may also have lost what it had confirmed.
func (s *seat) torn(lies bool) (kept int) {
	if s.Pending != nil {
		kept = len(s.ways(*s.Pending)) - 1
	}
	if lies {
		kept += len(cuts(s.frames)) - 1
	}
	return kept
}

// crash stops the replica and opens it again. Of what its journal had taken and
// not confirmed, keep frames are on the disk. If the disk lies, keep counts from
// its beginning.
func (s *seat) crash(keep int, lies bool) {
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
		s.Past = slices.Concat(s.Past, []*replicate.Replica{s.Disk}, s.Then)[:keep]
	} else if keep > 0 {
		s.frames = slices.Concat(s.base(), batch[:s.ways(*s.Pending)[keep]])
	}
	s.open(true, lies && s.without != newAuthor)
}
