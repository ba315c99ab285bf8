package seq_test

import (
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/seq"
)

// A talk is a session of two sites, moved frame by frame.
type talk [2]*replicate.Session

func dial(a, b *site, cfg ...replicate.SyncConfig) talk {
	cfg = append(cfg, replicate.SyncConfig{}, replicate.SyncConfig{})
	t := talk{replicate.NewSession(a.r, cfg[0]), replicate.NewSession(b.r, cfg[1])}
	t[0].Begin()
	t[1].Begin()
	return t
}

// hang ends it as a lost connection does.
func (t talk) hang() {
	t[0].End()
	t[1].End()
}

// step moves one frame from end i to the other, if there is one.
func (t talk) step(i int) (moved bool, err error) {
	frame, err := t[i].Next()
	if err != nil || frame == nil {
		return false, err
	}
	return true, t[1-i].Take(frame)
}

// play moves frames until nothing is left to say, or one end fails.
func (t talk) play() error {
	for {
		first, err := t.step(0)
		if err != nil {
			return err
		}
		second, err := t.step(1)
		if err != nil || !first && !second {
			return err
		}
	}
}

// sync makes sites equal by sessions, each with each.
func syncAll(t require.TestingT, sites ...*site) {
	for range 2 {
		for i, a := range sites {
			for _, b := range sites[:i] {
				s := dial(a, b)
				require.NoError(t, s.play())
				s.hang()
			}
		}
	}
}

// declare makes sites the members.
func declare(sites ...*site) {
	var ids []replicate.ReplicaID
	for _, s := range sites {
		ids = append(ids, s.r.ID())
	}
	for _, s := range sites {
		s.r.SetMembers(ids)
	}
}

func (s *site) forget(t require.TestingT) int {
	n, err := s.r.Forget(true)
	require.NoError(t, err)
	return n
}

// places returns how many nodes the site's list has, its beginning not counted.
func (s *site) places() (n int) {
	s.h.View(func(o replicate.Object) { n = seq.Places(o) })
	return n
}

// delete takes elements out.
func (s *site) delete(t require.TestingT, ids ...seq.ID) {
	for _, id := range ids {
		ok, err := s.l.Delete(id)
		require.NoError(t, err)
		require.True(t, ok)
	}
}
