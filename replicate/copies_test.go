package replicate_test

import (
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/replicate"
)

// twoCopies are nodes 0 and 1, both of which run, and node 2, which both meet.
func twoCopies(t *testing.T) *world {
	w := newWorld(t, 3, 20, true)
	w.write(0, "x")
	w.commit(0)
	w.nodes[1].id, w.nodes[1].disk, w.nodes[1].who = w.nodes[0].id, w.nodes[0].disk, ""
	w.open(1, true)
	w.write(0, "y")
	w.write(1, "z")
	return w
}

// meet runs a live session until nothing is left to say, and returns why it
// ended at either end, if it did.
func (w *world) meet(i, j int) (errI, errJ error) {
	l := w.dial(i, j, replicate.SyncConfig{})
	return w.hearOut(l, i, j)
}

func (w *world) hearOut(l *link, i, j int) (errI, errJ error) {
	for moved := true; moved; {
		w.commit(i)
		w.commit(j)
		moved = false
		for _, ij := range [][2]int{{i, j}, {j, i}} {
			b, err := l.ends[ij[0]].Next()
			if err == io.EOF {
				continue
			}
			require.NoError(w.t, err)
			if moved = moved || b != nil; l.ends[ij[1]].Failure() == nil {
				_ = l.ends[ij[1]].Take(b)
			}
		}
	}
	return l.ends[i].Failure(), l.ends[j].Failure()
}

// O0-2; O1-2; O0-2: of two copies that who has met both meets again, the one that
// comes back is told, and when it comes once more takes over, so that the other
// comes back: both are told again and again, and have other authors. What they
// write gets around all the same.
func TestCopiesThatMeetAThirdAreBothTold(t *testing.T) {
	w := twoCopies(t)
	authors := [2]replicate.Author{w.nodes[0].r.Author(), w.nodes[1].r.Author()}
	_, err := w.meet(0, 2)
	require.NoError(t, err)
	for was := range 4 {
		was %= 2
		came, old := 1-was, w.links[pairOf(was, 2)]
		there, here := w.meet(came, 2)
		require.NoError(t, errors.Join(there, here), "it may be the same one, come back after a crash")
		there, here = w.hearOut(old, was, 2)
		require.ErrorIs(t, there, replicate.ErrSuperseded)
		require.ErrorIs(t, here, replicate.ErrSuperseded)
		there, here = w.meet(was, 2)
		require.ErrorIs(t, there, replicate.ErrForked)
		require.ErrorIs(t, here, replicate.ErrForked)
		require.NotEqual(t, authors[was], w.nodes[was].r.Author())
	}
	for _, nd := range w.nodes {
		require.Equal(t, "x=0 y=1 z=2 ", dumpOf(nd.m))
	}
}

// O0-2; O1-2; O0-2; the copy is given an id of its own. The original, which
// still runs, is not locked out for having been superseded.
func TestOriginalGoesOnWhenTheCopyIsMended(t *testing.T) {
	w := twoCopies(t)
	w.meet(0, 2)
	w.meet(1, 2)
	err, _ := w.meet(0, 2)
	require.ErrorIs(t, err, replicate.ErrForked)
	w.commit(1)
	w.kill(1)
	w.nodes[1].id, w.nodes[1].who = replicate.ReplicaID{7}, ""
	w.open(1, true)
	for range 2 {
		_, err = w.meet(0, 2)
	}
	require.NoError(t, err)
	for _, ij := range [][2]int{{1, 2}, {0, 1}, {0, 2}} {
		_, err = w.meet(ij[0], ij[1])
		require.NoError(t, err)
	}
	w.converged()
	require.Equal(t, "x=0 y=1 z=2 ", dumpOf(w.nodes[0].m))
}

// Copies that meet again and again take new authors once, until they write as
// those: an author costs memory, and a write to the file.
func TestCopiesThatMeetForeverTakeOneAuthor(t *testing.T) {
	w := twoCopies(t)
	var authors []replicate.Author
	for n := range 6 {
		if n == 3 {
			w.write(0, "y")
		}
		err, _ := w.meet(0, 1)
		require.ErrorIs(t, err, replicate.ErrForked)
		authors = append(authors, w.nodes[0].r.Author())
	}
	require.Equal(t, authors[0], authors[2])
	require.NotEqual(t, authors[2], authors[3], "it has written as that one")
	require.Equal(t, authors[3], authors[5])
}
