package replicate_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/model"
)

// pair is two sessions that are driven by hand.
func pair(a, b *replicate.Replica, cfg replicate.SyncConfig) (x, y *replicate.Session) {
	x, y = replicate.NewSession(a, cfg), replicate.NewSession(b, cfg)
	x.Begin()
	y.Begin()
	return x, y
}

// exchange moves frames both ways until both have said their last, calls between
// after each of both, and counts those that hold updates.
func exchange(t *testing.T, x, y *replicate.Session, between ...func()) (frames int) {
	t.Helper()
	for ended := 0; ended < 2; {
		ended = 0
		for _, way := range [][2]*replicate.Session{{x, y}, {y, x}} {
			chunk, err := way[0].Next()
			if err == io.EOF {
				ended++
				continue
			}
			require.NoError(t, err)
			require.NoError(t, way[1].Take(chunk))
			if replicate.IsUpdates(chunk) {
				frames++
			}
		}
		for _, f := range between {
			f()
		}
	}
	return frames
}

// A frame holds as many bytes of ops as FrameSize says, and no more than the
// default whatever it says.
func TestFrameSize(t *testing.T) {
	count := func(size int) int {
		a, ma := newReplica(replicate.Config{})
		b, mb := newReplica(replicate.Config{})
		for i := range 100 {
			require.NoError(t, ma.Set(fmt.Sprint("key", i, strings.Repeat("x", 1000)), i))
		}
		x, y := pair(a, b, replicate.SyncConfig{Once: true, FrameSize: size})
		n := exchange(t, x, y)
		x.End()
		y.End()
		require.Equal(t, dumpOf(ma), dumpOf(mb))
		require.Zero(t, a.Readers())
		require.True(t, x.Stats().CaughtUp)
		require.Equal(t, x.Stats().SentBytes, y.Stats().ReceivedBytes)
		return n
	}
	require.Equal(t, 4, count(0))
	require.Equal(t, 4, count(1<<20))
	require.Equal(t, 100, count(1))
	require.Equal(t, 50, count(2200))
}

// What is refused ends both sessions, and the other side is told why.
func TestRefusedByHand(t *testing.T) {
	for name, c := range map[string]struct {
		frames string
		want   error
	}{
		"cut":     {"\x09weir", io.ErrUnexpectedEOF},
		"damaged": {"\x01w\x00\x00\x00\x00", replicate.ErrCorrupt},
	} {
		a, _ := newReplica(replicate.Config{})
		b, _ := newReplica(replicate.Config{})
		x, y := pair(a, b, replicate.SyncConfig{})
		hello, err := x.Next()
		require.NoError(t, err)
		require.NoError(t, y.Take(hello))
		require.ErrorIs(t, x.Take([]byte(c.frames)), c.want, name)
		reason, err := x.Next()
		require.NoError(t, err)
		var remote *replicate.RemoteError
		require.ErrorAs(t, y.Take(reason), &remote, name)
		_, err = x.Next()
		require.Equal(t, io.EOF, err, name)
	}
}

// Observe sees every update once, with what it overwrote, and an overwrite that
// lost as itself.
func TestObserve(t *testing.T) {
	var seen []string
	typ := model.JSON
	typ.Observe = func(u *replicate.Update, obsolete []*replicate.Update) {
		line := u.Op()[3:] + ":"
		for _, v := range obsolete {
			line += " " + v.Op()[3:]
		}
		seen = append(seen, line)
	}
	watched := replicate.New(replicate.Config{Types: []replicate.Type{typ}})
	m, err := model.Open[int](watched, "")
	require.NoError(t, err)
	other, mo := newReplica(replicate.Config{}) // its clock stands at noon, long ago
	require.NoError(t, mo.Set("k", 1))
	require.NoError(t, m.Set("k", 2))
	require.NoError(t, m.Set("k", 3))
	require.NoError(t, watched.Write(t.Context(), other.Read(nil)))
	require.Equal(t, []string{"2:", "3: 2", "1: 1"}, seen)
}

// Two that met as equals owe each other what they had then, not what one of
// them has written since: the other may leave while a marker is under way.
func TestFinishWhileMarkerIsUnderWay(t *testing.T) {
	a, ma := newReplica(replicate.Config{})
	b, _ := newReplica(replicate.Config{})
	require.NoError(t, ma.Set("k", 1))
	x, y := pair(a, b, replicate.SyncConfig{Once: true})
	exchange(t, x, y)
	x, y = pair(a, b, replicate.SyncConfig{})
	next := func(s *replicate.Session) []byte {
		chunk, err := s.Next()
		require.NoError(t, err)
		return chunk
	}
	hello := next(x)
	require.NoError(t, x.Take(next(y)))
	require.NoError(t, y.Take(hello))
	require.NoError(t, ma.Set("k", 2))
	underWay := append(next(x), next(x)...) // the update and the marker
	require.Nil(t, next(x))
	y.Finish()
	require.NoError(t, x.Take(next(y)))
	require.NoError(t, y.Take(append(underWay, next(x)...)))
	for _, s := range []*replicate.Session{x, y} {
		_, err := s.Next()
		require.Equal(t, io.EOF, err)
	}
	require.Equal(t, a.Fingerprint(), b.Fingerprint())
}
