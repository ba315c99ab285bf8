package replicate_test

import (
	"context"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/model"
	"github.com/weir-go/weir/through/frame"
)

// What the original packages (scuttlebutt, crdt, r-value, r-array,
// scuttlebucket, expiry-model, repred, hyperlog) test, by number: see "row:" in
// the tests of this folder. These have no test here, for the reason given.
var noSuchRow = map[int]string{
	2: "a copy in the same process is a replica of its own, filled by Load",
	4: "two holders of one id are one replica in two places: ErrForked",
	5: "there are no clones to count",
}

// What was found wrong with the originals, by number: see "defect:" in the tests.
var noSuchDefect = map[int]string{}

// TestOriginals wants a test for each row and each defect.
func TestOriginals(t *testing.T) {
	rows, defects := map[int]bool{}, map[int]bool{}
	row := regexp.MustCompile(`\brow: (.*)`)
	number := regexp.MustCompile(`(?:^|, )([0-9]+) `)
	defect := regexp.MustCompile(`(?:Test|\b)D([0-9]{1,2})`)
	require.NoError(t, filepath.WalkDir(".", func(name string, d os.DirEntry, err error) error {
		if name == "registry" {
			return filepath.SkipDir // its rows are of another list
		}
		if err != nil || !strings.HasSuffix(name, "_test.go") {
			return err
		}
		text, err := os.ReadFile(name)
		for _, m := range row.FindAllStringSubmatch(string(text), -1) {
			for _, n := range number.FindAllStringSubmatch(m[1]+" ", -1) {
				k, _ := strconv.Atoi(n[1])
				rows[k] = true
			}
		}
		for line := range strings.Lines(string(text)) {
			if strings.Contains(line, "func Test") || strings.Contains(line, "defect:") {
				for _, m := range defect.FindAllStringSubmatch(line, -1) {
					k, _ := strconv.Atoi(m[1])
					defects[k] = true
				}
			}
		}
		return err
	}))
	for n := 1; n <= 46; n++ {
		assert.True(t, rows[n] != (noSuchRow[n] != ""), "row %d: a test or a reason", n)
	}
	for n := 1; n <= 16; n++ {
		assert.True(t, defects[n] != (noSuchDefect[n] != ""), "defect D%d: a test or a reason", n)
	}
}

// row: 1 cleanup, 20 unstream
func TestSessionsLeaveNothingBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _ := newReplica(replicate.Config{})
		b, _ := newReplica(replicate.Config{})
		for range 20 {
			syncOnce(t, a, b)
		}
		require.Zero(t, a.Readers())
		require.Zero(t, b.Readers())
	})
}

// row: 3 clone history, 10 filtered history, 16 persist
func TestCopyHasTheHistory(t *testing.T) {
	a, m := newReplica(replicate.Config{})
	b, mb := newReplica(replicate.Config{})
	require.NoError(t, m.Set("x", 1))
	require.NoError(t, b.Write(t.Context(), a.Read(nil)))
	require.Equal(t, stampsOf(a), stampsOf(b))
	since := b.Clock()
	require.NoError(t, m.Set("y", 2))
	stats, err := b.Load(t.Context(), a.Read(since))
	require.NoError(t, err)
	require.EqualValues(t, 1, stats.ReceivedUpdates, "what is above the clock, and no more")
	require.Equal(t, stampsOf(a), stampsOf(b))
	require.Equal(t, "x=1 y=2 ", dumpOf(mb))
}

func stampsOf(r *replicate.Replica) (stamps []replicate.Stamp) {
	for _, u := range r.Live() {
		stamps = append(stamps, u.Stamp())
	}
	return stamps
}

// row: 6 dispose, 20 unstream dispose
func TestClosedReplicaEndsItsSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _ := newReplica(replicate.Config{})
		b, _ := newReplica(replicate.Config{})
		tail, err := a.Attach()
		require.NoError(t, err)
		x, y := duplex.Pair[[]byte, []byte]()
		errs := make(chan error, 2)
		go func() { errs <- replicate.NewSession(a, replicate.SyncConfig{}).Run(t.Context(), x) }()
		go func() { errs <- replicate.NewSession(b, replicate.SyncConfig{}).Run(t.Context(), y) }()
		synctest.Wait()
		tail.Close()
		require.Error(t, <-errs)
		require.Error(t, <-errs)
		require.Zero(t, a.Readers())
	})
}

// row: 8 header, 14 meta
func TestEachSideKnowsThePeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _ := newReplica(replicate.Config{})
		b, _ := newReplica(replicate.Config{})
		sa, sb := syncOnce(t, a, b)
		require.Equal(t, b.ID(), sa.Peer)
		require.Equal(t, a.ID(), sb.Peer)
	})
}

// row: 9 updates appear in history, 15 model, 13 keys
func TestOlderIsNeitherShownNorKept(t *testing.T) {
	a, m := newReplica(replicate.Config{})
	require.NoError(t, m.Set("x", 1))
	old := a.Live()[0]
	require.NoError(t, m.Set("x", 2))
	a.Receive(old)
	require.Equal(t, 1, a.Len())
	require.Equal(t, "x=2 ", dumpOf(m))
	deleted, err := m.Delete("x")
	require.NoError(t, err)
	require.True(t, deleted)
	require.Empty(t, m.Keys(""))
}

// row: 11 integrate 1, 12 integrate 2, 26 loop, 43 many parts
func TestCycleSettles(t *testing.T) {
	w := newWorld(t, 3, 1, false)
	for i := range 3 {
		w.write(i, string(rune('x'+i)))
	}
	for i := range 3 {
		w.connect(i, (i+1)%3)
	}
	w.settle() // returns when nothing moves any more
	w.converged()
	require.Equal(t, "x=0 y=1 z=2 ", dumpOf(w.nodes[0].m))
}

// row: 18 send clock (a master that takes nothing, and its slave) // defect: D14
func TestOneWayCostsWhatIsNew(t *testing.T) {
	master, m := newReplica(replicate.Config{})
	slave, ms := newReplica(replicate.Config{})
	last, ml := newReplica(replicate.Config{})
	for i := range 5 {
		require.NoError(t, m.Set(string(rune('a'+i)), i))
		for _, hop := range [][2]*replicate.Replica{{master, slave}, {slave, last}} {
			stats, err := hop[1].Load(t.Context(), hop[0].Read(hop[1].Clock()))
			require.NoError(t, err)
			require.EqualValues(t, 1, stats.ReceivedUpdates)
		}
	}
	require.Equal(t, dumpOf(m), dumpOf(ms))
	require.Equal(t, dumpOf(m), dumpOf(ml))
}

// row: 19 sync // defect: D10
func TestNothingIsEchoed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, ma := newReplica(replicate.Config{})
		b, _ := newReplica(replicate.Config{})
		x, y := duplex.Pair[[]byte, []byte]()
		ctx, cancel := context.WithCancel(t.Context())
		s, u := replicate.NewSession(a, replicate.SyncConfig{}), replicate.NewSession(b, replicate.SyncConfig{})
		done := make(chan error, 2)
		go func() { done <- s.Run(ctx, x) }()
		go func() { done <- u.Run(ctx, y) }()
		for i := range 10 {
			require.NoError(t, ma.Set("x", i))
			synctest.Wait()
		}
		require.EqualValues(t, 10, s.Stats().SentUpdates)
		require.Zero(t, u.Stats().SentUpdates)
		require.Equal(t, a.Fingerprint(), b.Fingerprint())
		cancel()
		<-done
		<-done
	})
}

// A stamp far ahead, from whomever, is refused, and nobody's clock has moved.
func TestForgedStampMovesNoClock(t *testing.T) { // defect: D2, D11
	w := newWorld(t, 2, 1, false)
	w.single = false
	w.write(0, "x")
	w.connect(0, 1)
	sent := w.move(0, 1)
	msg, _, err := frame.Parse(sent, 1<<20)
	require.NoError(t, err)
	at := strings.Index(string(msg), string(timeStep(w.nodes[0].r.Live()[0].Stamp().Time)))
	require.Positive(t, at)
	for _, forged := range []replicate.Time{math.MaxUint64 >> 1, 0} {
		bad := append([]byte(nil), msg[:at]...)
		bad = append(bad, timeStep(forged)...)
		bad = append(bad, msg[at+len(timeStep(w.nodes[0].r.Live()[0].Stamp().Time)):]...)
		fresh := newWorld(t, 2, 1, false)
		fresh.write(0, "x")
		fresh.connect(0, 1)
		before := fresh.nodes[1].r.Clock()
		require.Error(t, fresh.links[pairOf(0, 1)].ends[1].Take(frame.Append(nil, bad)))
		require.Equal(t, before, fresh.nodes[1].r.Clock())
		require.Empty(t, dumpOf(fresh.nodes[1].m))
	}
}

// timeStep is a first time as a frame codes it.
func timeStep(at replicate.Time) []byte {
	d := int64(at)
	return binary.AppendUvarint(nil, uint64(d<<1)^uint64(d>>63))
}

// The text is whole, wherever the chunks end.
func TestTextInAnyChunks(t *testing.T) { // defect: D6
	a := replicate.New(replicate.Config{Types: []replicate.Type{model.JSON}})
	m, err := model.Open[string](a, "☃")
	require.NoError(t, err)
	require.NoError(t, m.Set("ключ", "é☃𝄞"))
	var all []byte
	require.NoError(t, pull.Each(t.Context(), a.Read(nil), func(b []byte) error {
		all = append(all, b...)
		return nil
	}))
	for size := 1; size < 9; size++ {
		var chunks [][]byte
		for i := 0; i < len(all); i += size {
			chunks = append(chunks, append([]byte(nil), all[i:min(i+size, len(all))]...))
		}
		b := replicate.New(replicate.Config{Types: []replicate.Type{model.JSON}})
		require.NoError(t, b.Write(t.Context(), pull.Values(chunks...)))
		mb, err := model.Open[string](b, "☃")
		require.NoError(t, err)
		got, err := mb.Get("ключ")
		require.NoError(t, err)
		require.Equal(t, "é☃𝄞", got)
	}
}

// Who watches what is overwritten changes nothing about what is relayed.
func TestWatchingRelaysNothing(t *testing.T) { // defect: D9, D16
	typ := model.JSON
	seen := 0
	typ.Observe = func(*replicate.Update, []*replicate.Update) { seen++ }
	a := replicate.New(replicate.Config{Types: []replicate.Type{typ}, Now: noon})
	m, err := model.Open[int](a, "")
	require.NoError(t, err)
	require.NoError(t, m.Set("x", 1))
	old := a.Live()[0]
	require.NoError(t, m.Set("x", 2))
	head := a.Head()
	a.Receive(old)
	require.Equal(t, head, a.Head(), "nothing to send")
	require.Equal(t, 2, seen)
}

// A peer that does not read costs what it would be sent, not what was written.
func TestStalledPeerCostsNothing(t *testing.T) { // defect: D12, D13
	w := newWorld(t, 2, 1, false)
	w.single = false
	w.connect(0, 1)
	for range 20_000 {
		w.now = w.now.Add(time.Millisecond)
		require.NoError(t, w.nodes[0].m.Set("x", w.writes))
		w.writes++
	}
	require.Equal(t, 1, w.nodes[0].r.Len())
	require.NoError(t, w.nodes[1].m.Set("y", 0))
	sent := 0
	for b := w.move(0, 1); b != nil; b = w.move(0, 1) {
		sent += len(b)
	}
	require.Less(t, sent, 1000)
	w.settle()
	require.Equal(t, dumpOf(w.nodes[0].m), dumpOf(w.nodes[1].m))
}
