// Package members has replicas talk frame by frame, and forget meanwhile.
package members

import (
	"math/rand/v2"
	"testing"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/internal/orders"
)

// A Talk is a session of two replicas, moved frame by frame.
type Talk [2]*replicate.Session

// Dial begins a session, of which each end may have a configuration.
func Dial(a, b *replicate.Replica, cfg ...replicate.SyncConfig) Talk {
	cfg = append(cfg, replicate.SyncConfig{}, replicate.SyncConfig{})
	t := Talk{replicate.NewSession(a, cfg[0]), replicate.NewSession(b, cfg[1])}
	t[0].Begin()
	t[1].Begin()
	return t
}

// Hang ends it as a lost connection does.
func (t Talk) Hang() {
	t[0].End()
	t[1].End()
}

// Step moves one frame from end i to the other, if there is one.
func (t Talk) Step(i int) (moved bool, err error) {
	frame, err := t[i].Next()
	if err != nil || frame == nil {
		return false, err
	}
	return true, t[1-i].Take(frame)
}

// Play moves frames until nothing is left to say, or one end fails.
func (t Talk) Play() error {
	for {
		first, err := t.Step(0)
		if err != nil {
			return err
		}
		second, err := t.Step(1)
		if err != nil || !first && !second {
			return err
		}
	}
}

// Sync makes replicas equal, by sessions of each with each.
func Sync(t testing.TB, all ...*replicate.Replica) {
	for range 2 {
		for i, a := range all {
			for _, b := range all[:i] {
				s := Dial(a, b)
				if err := s.Play(); err != nil {
					t.Fatal(err)
				}
				s.Hang()
			}
		}
	}
}

// Declare makes replicas the members.
func Declare(all ...*replicate.Replica) {
	var ids []replicate.ReplicaID
	for _, r := range all {
		ids = append(ids, r.ID())
	}
	for _, r := range all {
		r.SetMembers(ids)
	}
}

// Forget has a replica forget, whoever is connected, and returns how much.
func Forget(t testing.TB, r *replicate.Replica) int {
	n, err := r.Forget(true)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Live has members write, talk and forget at random, by sessions that break, and
// makes them equal at the end. It returns all that was ever written. Edit writes
// to the i-th of them.
func Live(
	t testing.TB, rnd *rand.Rand, all []*replicate.Replica, edit func(i int),
) (written []*replicate.Update, forgotten int) {
	Declare(all...)
	talks := map[[2]int]Talk{}
	for range 50 * len(all) {
		i := rnd.IntN(len(all))
		j := (i + 1 + rnd.IntN(len(all)-1)) % len(all)
		switch what := rnd.IntN(8); {
		case what == 0:
			forgotten += Forget(t, all[i])
		case what <= 3:
			written = append(written, orders.Written(t, all[i], func() { edit(i) })...)
		default:
			pair := [2]int{i, j}
			s, ok := talks[pair]
			if !ok {
				small := replicate.SyncConfig{FrameSize: 1}
				s = Dial(all[i], all[j], small, small)
				talks[pair] = s
			}
			for range 1 + rnd.IntN(6) {
				if _, err := s.Step(rnd.IntN(2)); err != nil || rnd.IntN(40) == 0 {
					s.Hang()
					delete(talks, pair)
					break
				}
			}
		}
	}
	for _, s := range talks {
		s.Hang()
	}
	Sync(t, all...)
	return written, forgotten
}
