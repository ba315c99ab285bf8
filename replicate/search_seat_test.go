package replicate_test

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/weir-go/weir/replicate"
)

// seat is one replica, its disk and its ends of sessions. A seat of a search
// never changes: an act makes the next one.
type seat struct {
	replicate.Seat
	kind    *kind
	as      int        // whose id it has
	without rule       // a rule that it breaks
	wall    int64      // ms since the first moment
	frames  []byte     // the disk
	beside  int        // how many more numbers are for what is built beside
	round   [3]int     // updates sent to each since the last marker
	met     [3]meeting // with each, where sessions run once
}

var firstMoment = time.UnixMilli(1_700_000_000_000)

func (s *seat) now() time.Time { return firstMoment.Add(time.Duration(s.wall) * time.Millisecond) }

// Read is all the chance there is: numbers that count up. What is built beside
// an old state, which has an id of its own, may have any.
func (s *seat) Read(p []byte) (int, error) {
	clear(p)
	if len(p) == len(replicate.ReplicaID{}) {
		s.beside = 3
	}
	if s.beside > 0 {
		s.beside--
		p[len(p)-1] = 1
		return len(p), nil
	}
	s.Draws++
	p[len(p)-1] = s.Draws
	return len(p), nil
}

func (s *seat) clone() *seat {
	c := *s
	c.Place = s.Place.Clone(c.now, &c)
	return &c
}

func idOf(i int) (id replicate.ReplicaID) {
	binary.BigEndian.PutUint64(id[:], uint64(i)+1)
	return id
}

// open makes the replica anew from its disk. It goes on as the author it was,
// unless it may have lost what others have seen.
func (s *seat) open(journal, lost bool) {
	s.Replica = s.restored(s.frames)
	if s.Who != "" && !lost {
		must(s.Replica.Adopt(s.Who))
	}
	s.Tail, s.Ends, s.Pending, s.Then = nil, [3]*replicate.Session{}, nil, nil
	s.round = [3]int{}
	if journal {
		tail, err := s.Replica.Attach()
		must(err)
		tail.SmallFrames()
		s.Tail, s.Who, s.Disk = tail, s.Replica.Author(), s.image(s.frames)
	}
	s.object()
}

func (s *seat) object() *replicate.Handle {
	h, err := s.Replica.Open(replicate.ObjectName{Type: s.kind.Tag})
	must(err)
	return h
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// begin opens this end of a session with seat j.
func (s *seat) begin(j int, cfg replicate.SyncConfig) {
	cfg.FrameSize = 1
	s.Ends[j] = replicate.NewSession(s.Replica, cfg)
	s.Ends[j].Begin()
	s.round[j] = 0
}

// end ends it.
func (s *seat) end(j int) {
	if s.Ends[j] != nil {
		s.Ends[j].End()
		s.Ends[j] = nil
	}
	s.round[j], s.met[j] = 0, meeting{}
}

// next returns the frame that goes to seat j now; nil if there is none.
func (s *seat) next(j int) ([]byte, error) {
	if s.without == cutMarkers {
		s.Ends[j].ChaseHead()
	}
	s.Ends[j].Anew()
	defer s.unruly(j)()
	b, err := s.Ends[j].Next()
	switch {
	case replicate.IsUpdates(b):
		s.round[j]++
	case replicate.IsMarker(b):
		s.round[j] = 0
	}
	return b, err
}

// takes takes a frame of seat j's in.
func (s *seat) takes(j int, b []byte) error {
	s.disturb(j)
	defer s.unruly(j)()
	if !replicate.IsUpdates(b) {
		return s.Ends[j].Take(b)
	}
	if s.without == alreadyHave {
		return s.Ends[j].TakeUnlessOld(b)
	}
	err := s.Ends[j].Take(b)
	if s.without == markers {
		s.Replica.Heard()
	}
	return err
}

// write makes the n-th write, and returns what was written. It reports why the
// write is out of order if it is not above all that was seen.
func (s *seat) write(kind, key byte, n int) (made []issue, err error) {
	newest := newestOf(s.Replica)
	keys := []string{string(key)}
	if kind == stepBoth {
		keys = []string{"x", "y"}
	}
	if kind == stepDelete && !s.holds(keys[0]) {
		return nil, nil
	}
	s.disturb(s.At)
	tx := s.Replica.Begin()
	for _, key := range keys {
		_, err := s.object().In(tx).Compose(func(d replicate.Draft) (string, error) {
			return s.kind.op(kind == stepDelete, key, n, d), nil
		})
		must(err)
	}
	stamp, err := tx.Commit()
	must(err)
	if stamp == (replicate.Stamp{}) {
		return nil, nil // the type had nothing to write
	}
	for k, key := range keys {
		at := replicate.Stamp{Time: stamp.Time + replicate.Time(k), Author: stamp.Author}
		is := issue{stamp: at, key: key, node: s.At, del: kind == stepDelete}
		if len(keys) > 1 {
			is.group = stamp
		}
		made = append(made, is)
	}
	if newest.Compare(stamp) >= 0 {
		return made, fmt.Errorf("%d wrote %v after it had seen %v", s.At, stamp, newest)
	}
	return made, nil
}

// holds reports whether a key is set.
func (s *seat) holds(key string) (ok bool) {
	s.Replica.EachLive(func(u *replicate.Update) { ok = ok || keyOf(u) == key && u.Op()[0] != 0 })
	return ok
}

func newestOf(r *replicate.Replica) (newest replicate.Stamp) {
	r.EachLive(func(u *replicate.Update) {
		if at := u.Stamp(); newest.Compare(at) < 0 {
			newest = at
		}
	})
	return newest
}
