package replicate_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/weir-go/weir/replicate"
)

// A scene is a moment of three replicas, their disks and the sessions between
// them. It never changes: a step makes the next one, which shares what the step
// did not touch.
type scene struct {
	seats   [3]*seat // nil for one that died for good
	issued  []issue  // every write that was ever made and not lost unseen
	writes  int
	crashes int
	inPlace bool // steps change this very scene
}

// seat is one replica, its disk and its ends of sessions.
type seat struct {
	replicate.Seat
	id      int
	kind    *kind
	without rule   // a rule that its journal breaks
	wall    int64  // ms since the first moment
	draws   byte   // how much chance was used up
	frames  []byte // the disk
	round   [3]int // updates sent to each since the last marker
}

var firstMoment = time.UnixMilli(1_700_000_000_000)

func (s *seat) now() time.Time { return firstMoment.Add(time.Duration(s.wall) * time.Millisecond) }

// Read is all the chance there is: numbers that count up.
func (s *seat) Read(p []byte) (int, error) {
	clear(p)
	s.draws++
	p[len(p)-1] = s.draws
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

// A step is one thing that happens.
type step struct {
	kind byte
	i, j int
	key  byte // of a write
}

// The kinds of steps. When only writes, cuts, crashes and deaths can be taken, a
// scene is at rest.
const (
	stepWrite  = 'W' // i writes key
	stepBoth   = 'X' // i writes both keys, in one transaction
	stepDelete = 'R' // i deletes key
	stepCut    = 'C' // the session between i and j ends
	stepCrash  = 'K' // i crashes and is opened again, with j more frames on its disk
	stepDie    = 'E' // i dies for good
	stepOpen   = 'O' // i and j meet
	stepMove   = 'M' // one frame goes from i to j
	stepTake   = 'T' // i's journal takes what is new
	stepDone   = 'J' // and has it
)

func (s step) String() string {
	switch s.kind {
	case stepWrite:
		return fmt.Sprintf("W%d %c", s.i, s.key)
	case stepDelete:
		return fmt.Sprintf("W%d del %c", s.i, s.key)
	case stepBoth:
		return fmt.Sprintf("W%d xy", s.i)
	case stepCut:
		return fmt.Sprintf("cut%d-%d", s.i, s.j)
	case stepCrash:
		return fmt.Sprintf("crash %d+%d", s.i, s.j)
	case stepDie:
		return fmt.Sprintf("%d dies", s.i)
	case stepOpen:
		return fmt.Sprintf("O%d-%d", s.i, s.j)
	case stepMove:
		return fmt.Sprintf("%d>%d", s.i, s.j)
	case stepTake:
		return fmt.Sprintf("T%d", s.i)
	}
	return fmt.Sprintf("J%d", s.i)
}

// settles reports whether a step only brings on what is under way.
func (s step) settles() bool { return s.kind == stepMove || s.kind == stepTake || s.kind == stepDone }

// dead counts those that died for good.
func (sc *scene) dead() (n int) {
	for _, s := range sc.seats {
		if s == nil {
			n++
		}
	}
	return n
}

func (sc *scene) alive(i int) bool { return sc.seats[i] != nil }

func (sc *scene) linked(i, j int) bool { return sc.seats[i].Ends[j] != nil }

// links counts sessions.
func (sc *scene) links() (n int) {
	for i, s := range sc.seats {
		for j := range i {
			if s != nil && s.Ends[j] != nil {
				n++
			}
		}
	}
	return n
}

// own makes seat i one that this scene may change.
func (sc *scene) own(i int) *seat {
	if !sc.inPlace {
		sc.seats[i] = sc.seats[i].clone()
	}
	return sc.seats[i]
}

var errHalf = errors.New("a session ended by itself")

// open starts a session; unless every frame of the handshake is a step of its
// own, both say who they are and where they stand.
func (sc *scene) open(i, j int, greet bool) error {
	for _, end := range [][2]int{{i, j}, {j, i}} {
		s := sc.own(end[0])
		e := replicate.NewSession(s.Replica, replicate.SyncConfig{FrameSize: 1})
		e.Begin()
		s.Ends[end[1]] = e
		s.round[end[1]] = 0
	}
	for k := 0; k < 4 && !greet; k++ {
		if k%2 == 1 {
			i, j = j, i
		}
		if _, err := sc.pass(i, j, 0); err != nil {
			return err
		}
		if k%2 == 1 {
			i, j = j, i
		}
	}
	return nil
}

// pass moves a frame from i to j, which the scene owns; nil if there is none.
func (sc *scene) pass(i, j int, without rule) ([]byte, error) {
	from, to := sc.seats[i], sc.seats[j]
	b, err := from.Ends[j].Next()
	if err == io.EOF {
		err = errHalf
	}
	if b == nil || err != nil {
		return nil, err
	}
	if replicate.IsUpdates(b) {
		from.round[j]++
	}
	if replicate.IsMarker(b) {
		from.round[j] = 0
	}
	if replicate.IsUpdates(b) && without == alreadyHave {
		return b, to.Ends[i].TakeUnlessOld(b)
	}
	return b, to.Ends[i].Take(b)
}

func (sc *scene) cut(i, j int) {
	for _, end := range [][2]int{{i, j}, {j, i}} {
		s := sc.own(end[0])
		s.Ends[end[1]].End()
		s.Ends[end[1]] = nil
		s.round[end[1]] = 0
	}
}

func (sc *scene) cutAll(i int) {
	for j := range sc.seats {
		if j != i && sc.alive(j) && sc.linked(i, j) {
			sc.cut(i, j)
		}
	}
}

// write makes a write at i, and reports why it is out of order if it is not
// above all that i had seen.
func (sc *scene) write(st step, still bool) error {
	s := sc.own(st.i)
	if !still {
		s.wall = int64(sc.writes)
	}
	newest := newestOf(s.Replica)
	keys := []string{string(st.key)}
	if st.kind == stepBoth {
		keys = []string{"x", "y"}
	}
	if st.kind == stepDelete && !s.holds(keys[0]) {
		return nil
	}
	tx := s.Replica.Begin()
	for _, key := range keys {
		_, err := s.object().In(tx).Compose(func(d replicate.Draft) (string, error) {
			return s.kind.op(st.kind == stepDelete, key, sc.writes, d), nil
		})
		must(err)
	}
	stamp, err := tx.Commit()
	must(err)
	if stamp == (replicate.Stamp{}) {
		return nil // the type had nothing to write
	}
	sc.writes++
	for k, key := range keys {
		at := replicate.Stamp{Time: stamp.Time + replicate.Time(k), Author: stamp.Author}
		is := issue{stamp: at, key: key, node: st.i}
		if len(keys) > 1 {
			is.group = stamp
		}
		sc.issued = append(slices.Clip(sc.issued), is)
	}
	if newest.Compare(stamp) >= 0 {
		return fmt.Errorf("%d wrote %v after it had seen %v", st.i, stamp, newest)
	}
	return nil
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
