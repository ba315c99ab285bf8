package journal_test

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/journal"
)

// forgetful is a file whose replica is the only member, has deleted x and
// forgotten that, before which before is called.
func forgetful(t *testing.T, d *disk, before func()) *journal.Journal {
	j := create(t, path, d.config())
	r := j.Replica()
	r.SetMembers([]replicate.ReplicaID{r.ID()})
	set(t, j, "x", 1)
	set(t, j, "y", 2)
	_, err := mapOf(t, r).Delete("x")
	require.NoError(t, err)
	require.NoError(t, r.Flush(t.Context()))
	if before != nil {
		before()
	}
	n, err := r.Forget(false)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	return j
}

// What was forgotten is forgotten after a restart, and so is who may forget.
func TestHorizonSurvivesRestart(t *testing.T) {
	d := newDisk()
	j := forgetful(t, d, nil)
	horizon, members := j.Replica().Horizon(), j.Replica().Members()
	require.NotEmpty(t, horizon)
	require.NoError(t, j.Close())
	j = open(t, path, d.config())
	defer j.Close()
	assert.Equal(t, horizon, j.Replica().Horizon())
	assert.Equal(t, members, j.Replica().Members())
	assert.Equal(t, 1, j.Replica().Len())
	assert.Equal(t, map[string]int{"y": 2}, contents(t, j.Replica()))
}

// crashes gathers how the disk may be found after each step from now on.
func crashes(d *disk) (states func() []crashed) {
	rnd := rand.New(rand.NewPCG(1, 1))
	var all []crashed
	gather := func() {
		all = append(append(all, d.killed()...), d.lostPower()...)
		for range 5 {
			all = append(all, d.scrambled(rnd))
		}
	}
	d.mu.Lock()
	d.after = func(string) { gather() }
	d.mu.Unlock()
	return func() []crashed {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.after = nil
		gather()
		return all
	}
}

// W0 x; del x; F0; compact; crash at any point. A file that has lost the
// deletion and not got the horizon would let x come back.
func TestHorizonLostByCompaction(t *testing.T) {
	d := newDisk()
	var states func() []crashed
	j := forgetful(t, d, func() { states = crashes(d) }) // the horizon may be written at once
	horizon := j.Replica().Horizon()
	_, err := j.Compact(t.Context(), nil)
	require.NoError(t, err)
	require.NoError(t, j.Close())
	kept, before := 0, 0
	for _, c := range states() {
		j, err := journal.Open(t.Context(), path, c.disk.config())
		require.NoError(t, err, c.how)
		require.Equal(t, map[string]int{"y": 2}, contents(t, j.Replica()), c.how)
		switch tombstones := j.Replica().Len() - 1; {
		case len(j.Replica().Horizon()) == 0:
			require.Equal(t, 1, tombstones, "%s: neither deletion nor horizon", c.how)
			before++
		default:
			require.Equal(t, horizon, j.Replica().Horizon(), c.how)
			kept++
		}
		require.NoError(t, j.Close())
	}
	assert.NotZero(t, kept)
	assert.NotZero(t, before)
}

// A replica that takes everything anew does so in its file as well, whole.
func TestResyncReplacesTheFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		j := create(t, path, d.config())
		set(t, j, "mine", 1)
		peer := inMemory()
		peer.SetMembers([]replicate.ReplicaID{peer.ID()})
		m := mapOf(t, peer)
		require.NoError(t, m.Set("gone", 1))
		require.NoError(t, m.Set("theirs", 2))
		_, err := m.Delete("gone")
		require.NoError(t, err)
		_, err = peer.Forget(true)
		require.NoError(t, err)

		x, y := duplex.Pair[[]byte, []byte]()
		other := make(chan error, 1)
		go func() { other <- replicate.NewSession(peer, replicate.SyncConfig{Once: true}).Run(t.Context(), y) }()
		err = replicate.NewSession(j.Replica(), replicate.SyncConfig{}).Run(t.Context(), x)
		require.ErrorIs(t, err, replicate.ErrBehind)
		<-other

		states := crashes(d)
		x, y = duplex.Pair[[]byte, []byte]()
		go func() { other <- replicate.NewSession(peer, replicate.SyncConfig{Once: true}).Run(t.Context(), y) }()
		var unseen []*replicate.Update
		cfg := replicate.SyncConfig{Once: true, Resync: func(u []*replicate.Update) { unseen = u }}
		require.NoError(t, replicate.NewSession(j.Replica(), cfg).Run(t.Context(), x))
		require.NoError(t, <-other)
		require.Len(t, unseen, 1)
		require.Equal(t, map[string]int{"theirs": 2}, contents(t, j.Replica()))
		set(t, j, "again", 3)
		require.NoError(t, j.Close())
		all := states()

		j = open(t, path, d.config())
		require.Equal(t, map[string]int{"theirs": 2, "again": 3}, contents(t, j.Replica()))
		require.Equal(t, peer.Horizon(), j.Replica().Horizon())
		require.NoError(t, j.Close())
		for _, c := range all {
			j, err := journal.Open(t.Context(), path, c.disk.config())
			require.NoError(t, err, c.how)
			got := contents(t, j.Replica())
			_, old := got["mine"]
			_, anew := got["theirs"]
			require.False(t, old && anew, "half of each: %v", got)
			require.Equal(t, anew, len(j.Replica().Horizon()) > 0)
			require.NoError(t, j.Close())
		}
	})
}

// What a member is known to hold is known after a restart, too, also if nothing
// is heard of it any more.
func TestMemberSurvivesRestart(t *testing.T) {
	d := newDisk()
	j := create(t, path, d.config())
	r, peer := j.Replica(), inMemory()
	r.SetMembers([]replicate.ReplicaID{r.ID(), peer.ID()})
	set(t, j, "x", 1)
	_, err := mapOf(t, r).Delete("x")
	require.NoError(t, err)
	x, y := duplex.Pair[[]byte, []byte]()
	other := make(chan error, 1)
	go func() { other <- replicate.NewSession(peer, replicate.SyncConfig{Once: true}).Run(t.Context(), y) }()
	require.NoError(t, replicate.NewSession(r, replicate.SyncConfig{Once: true}).Run(t.Context(), x))
	require.NoError(t, <-other)
	require.NoError(t, j.Close())
	j = open(t, path, d.config())
	defer j.Close()
	require.Empty(t, j.Replica().Awaited())
	n, err := j.Replica().Forget(false)
	require.NoError(t, err)
	require.Equal(t, 1, n)
}
