package npm_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/npm"
)

// openAt opens a model in a replica whose wall clock is w's.
func openAt(t testing.TB, w *wall, id string) (*npm.Scuttlebutt, *npm.Model[any]) {
	t.Helper()
	r := replicate.New(replicate.Config{Types: npm.Types(), Now: w.now})
	s, err := npm.Open(r, npm.ModelType, "", npm.Config{ID: id})
	require.NoError(t, err)
	m, err := npm.NewModel[any](s)
	require.NoError(t, err)
	return s, m
}

// connect has two scuttlebutts speak with each other until the test ends.
func connect(t *testing.T, a, b *npm.Scuttlebutt) (cut func()) {
	t.Helper()
	da, db := duplex.Pair[[]byte, []byte]()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{}, 2)
	for s, d := range map[*npm.Scuttlebutt]duplex.Duplex[[]byte, []byte]{a: da, b: db} {
		go func() {
			_ = s.NewSession(npm.SyncConfig{}).Run(ctx, d)
			done <- struct{}{}
		}()
	}
	return func() {
		cancel()
		<-done
		<-done
	}
}

// The clock moves where a SYNC comes, not before; then with all that came in one
// chunk, since the peer's stream has everything in its order from there on.
func TestClockMovesAtSync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWall(1000)
		s, m := openAt(t, w, "A")
		p := &player{t: t, s: s, wall: w, in: make(chan []byte), end: make(chan error, 1)}
		p.start(npm.SyncConfig{})
		p.next()
		p.feed(`{"id":"B","clock":{"B":7,"C":3}}`)
		require.Equal(t, `"SYNC"`, p.next())
		p.feed(`[["x",1],6,"B"]`)
		p.feed(`[["y",1],7,"B"]`)
		synctest.Wait()
		assert.Equal(t, 2, m2len(t, m))
		assert.Empty(t, s.Replica().Clock())
		assert.Equal(t, map[string]float64{"B": 7}, s.Clock(), "as the originals count")
		p.feed(`"SYNC"`)
		synctest.Wait()
		assert.Equal(t, map[string]float64{"B": 7, "C": 3}, s.Clock())
		assert.Len(t, s.Replica().Clock(), 2)
		p.feed(`[["z",1],9.5,"C"]`)
		synctest.Wait()
		for _, at := range s.Replica().Clock() {
			assert.Contains(t, []replicate.Time{7 << 16, 19 << 15}, at)
		}
		p.stop()
	})
}

func m2len(t *testing.T, m *npm.Model[any]) int {
	t.Helper()
	all, err := m.All()
	require.NoError(t, err)
	return len(all)
}

// A peer that ends before its SYNC has promised nothing: the next session asks for
// everything again.
func TestCutBeforeSync(t *testing.T) {
	s, _ := openAt(t, newWall(1000), "A")
	in := `{"id":"B","clock":{"B":7}}` + "\n" + `[["y",1],7,"B"]` + "\n"
	require.ErrorIs(t, feed(t, s, npm.SyncConfig{}, []byte(in)), io.ErrUnexpectedEOF)
	assert.Empty(t, s.Replica().Clock())
	p := &player{t: t, s: s, in: make(chan []byte), end: make(chan error, 1)}
	p.start(npm.SyncConfig{})
	require.Equal(t, `{"id":"A","clock":{}}`, p.next())
	p.feed(`{"id":"B","clock":{"B":7}}`)
	require.Equal(t, `"SYNC"`, p.next(), "and is not sent what is its own")
	p.feed(`"SYNC"`)
	p.stop()
	assert.Equal(t, map[string]float64{"B": 7}, s.Clock())
}

// What lies above the clock waits, since a peer that has it drops for ever what
// comes later and lies below; then it is sent by timestamp.
func TestWaitsForMarker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWall(1000)
		writer, m := openAt(t, w, "W")
		for _, key := range []string{"x", "y", "z"} {
			w.step(time.Millisecond)
			require.NoError(t, m.Set(key, 1))
		}
		gate, _ := openAt(t, w, "G")
		p := &player{t: t, s: gate, in: make(chan []byte), end: make(chan error, 1)}
		p.start(npm.SyncConfig{})
		p.next()
		p.feed(`{"id":"B","clock":{}}`)
		require.Equal(t, `"SYNC"`, p.next())
		p.feed(`"SYNC"`)

		// The newest comes first, as it does where it takes another's place.
		live := writer.Replica().Live()
		h, err := gate.Replica().Open(live[0].Object())
		require.NoError(t, err)
		for _, u := range []*replicate.Update{live[2], live[0], live[1]} {
			news, err := h.Take(u.Stamp(), u.Op())
			require.NoError(t, err)
			require.True(t, news)
		}
		synctest.Wait()
		require.Empty(t, p.rest)
		require.NoError(t, gate.Replica().Promise(replicate.Clock{live[1].Stamp().Author: live[1].Stamp().Time}))
		require.Equal(t, `[["x",1],1001,"W"]`, p.next())
		require.Equal(t, `[["y",1],1002,"W"]`, p.next())
		require.Empty(t, p.rest)
		require.NoError(t, gate.Replica().Promise(writer.Replica().Clock()))
		require.Equal(t, `[["z",1],1003,"W"]`, p.next())
		p.stop()
	})
}

// Two scuttlebutts speak with each other, over lines, and a third hears of it.
// row: 11 integrate 1, 12 integrate 2, 26 loop, 38 client-server
func TestRing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all []*npm.Scuttlebutt
		for i := range 3 {
			all = append(all, openKind(t, newReplica(), "model", fmt.Sprint("R", i)))
		}
		for i, s := range all {
			defer connect(t, s, all[(i+1)%3])()
		}
		for i, s := range all {
			writeChange(t, s, fmt.Sprintf(`["k%d",%d]`, i, i))
		}
		synctest.Wait()
		want := string(all[0].JSON())
		assert.Equal(t, `{"k0":0,"k1":1,"k2":2}`, want)
		for _, s := range all {
			assert.Equal(t, want, string(s.JSON()))
			assert.Len(t, s.Clock(), 3)
			assert.Len(t, s.Replica().Clock(), 3)
		}
	})
}

// Of two writes with one timestamp that of the greater id stays, everywhere, as
// JavaScript compares ids: by UTF-16.
func TestEqualTimestamps(t *testing.T) {
	low, high := `[["k","low"],5,"\ud83d\ude00"]`, `[["k","high"],5,"\uffee"]`
	for _, order := range [][]string{{low, high}, {high, low}} {
		for _, kind := range []string{"model", "value", "doc"} {
			s := openKind(t, newReplica(), kind, "A")
			text := strings.Join(order, "\n") + "\n\"SYNC\"\n"
			if kind == "doc" {
				text = strings.NewReplacer(`"low"`, `{"f":"low"}`, `"high"`, `{"f":"high"}`).Replace(text)
			}
			require.NoError(t, feed(t, s, npm.SyncConfig{}, []byte(text)))
			assert.Contains(t, string(s.JSON()), "high")
			if kind == "model" {
				assert.Equal(t, `[["k","high"],5,"\uffee"]`, string(history(t, s)[0]))
			}
		}
	}
}

// A clock that steps back loses no write, nor does one that stands still.
func TestClockStepsBack(t *testing.T) {
	w := newWall(1795206345434)
	s, m := openAt(t, w, "A")
	for i := range 10_000 {
		require.NoError(t, m.Set("k", i))
		if i%100 == 0 {
			w.step(-time.Millisecond)
		}
	}
	v, err := m.Get("k")
	require.NoError(t, err)
	assert.EqualValues(t, 9999, v)
	assert.InDelta(t, 1795206345434+10_000./4096, s.Clock()["A"], 0.1)
}

// An id that turns out to be in use elsewhere is given up.
func TestIDInUse(t *testing.T) {
	s := openKind(t, newReplica(), "model", "A")
	writeChange(t, s, `["k",1]`)
	mine := s.Clock()["A"]
	text, _ := json.Marshal(map[string]any{"id": "B", "clock": map[string]float64{"A": mine + 1}})
	require.NoError(t, feed(t, s, npm.SyncConfig{}, append(text, "\n\"SYNC\"\n"...)))
	assert.NotEqual(t, "A", s.ID())
	writeChange(t, s, `["k",2]`)
	assert.Greater(t, s.Clock()[s.ID()], mine+1)

	u := openKind(t, newReplica(), "model", "A")
	line := fmt.Sprintf(`[["k",1],%v,"A"]`+"\n\"SYNC\"\n", json.Number("1795206345434.001"))
	require.NoError(t, feed(t, u, npm.SyncConfig{}, []byte(line)))
	writeChange(t, u, `["k",2]`)
	assert.NotEqual(t, "A", u.ID())
}

// A peer that has the own id is refused, before anything of it is taken in.
func TestSameID(t *testing.T) {
	for _, cfg := range []npm.SyncConfig{{}, {Once: true}, {SendOnly: true}} {
		s := openKind(t, newReplica(), "model", "A")
		err := feed(t, s, cfg, []byte(`{"id":"A","clock":{"A":5}}`+"\n"+`[["k",1],5,"A"]`+"\n\"SYNC\"\n"))
		require.ErrorIs(t, err, npm.ErrSameID)
		require.EqualError(t, err, `npm: both sides have the same id, "A"`)
		assert.Empty(t, s.Clock())
		assert.Zero(t, s.Replica().Len())
		assert.Equal(t, "A", s.ID())
	}
}

// Both ends of one id are told why.
func TestSameIDBothWays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := duplex.Pair[[]byte, []byte]()
		ended := make(chan error, 2)
		for _, d := range []duplex.Duplex[[]byte, []byte]{a, b} {
			s := openKind(t, newReplica(), "model", "A")
			go func() { ended <- s.NewSession(npm.SyncConfig{}).Run(t.Context(), d) }()
		}
		require.ErrorIs(t, <-ended, npm.ErrSameID)
		require.ErrorIs(t, <-ended, npm.ErrSameID)

		// And who does not leave is left.
		p := &player{t: t, s: openKind(t, newReplica(), "model", "A"), in: make(chan []byte), end: make(chan error, 1)}
		p.start(npm.SyncConfig{})
		p.next()
		p.feed(`{"id":"A","clock":{}}`)
		require.ErrorIs(t, <-p.end, npm.ErrSameID)
		close(p.in)
	})
}

// Write takes what the originals write, and nothing that they only get along with.
func TestWriteIsExact(t *testing.T) {
	refused := map[string][]string{
		"model":  {`["a"]`, `["a",1,2]`, `[1,2]`, `[null,1]`, `[]`, `"a"`, `{"a":1}`, `[["a"],1]`},
		"events": {`[]`, `[1]`, `"e"`, `[null,1]`},
		"doc":    {`["r"]`, `["r",{}]`, `["r",1]`, `["r",{"a":1},2]`, `[1,{"a":1}]`, `null`, `["r",[]]`},
		"bucket": {`["m"]`, `["m",["k"]]`, `["m",["k",1],2]`, `[1,["k",1]]`, `["d",null]`},
	}
	taken := map[string][]string{
		"model":  {`["a",1]`, `["a",null]`},
		"events": {`["e"]`, `["e",1,[2]]`},
		"doc":    {`["r",{"a":null}]`, `["r",null]`},
		"value":  {`null`, `[1,2,3]`},
		"bucket": {`["m",["k",1]]`},
	}
	for kind, changes := range refused {
		s := openKind(t, newReplica(), kind, "A")
		for _, change := range changes {
			_, err := s.Write([]byte(change))
			assert.ErrorIs(t, err, npm.ErrChange, change)
		}
		assert.Zero(t, s.Replica().Len())
	}
	for kind, changes := range taken {
		s := openKind(t, newReplica(), kind, "A")
		for _, change := range changes {
			writeChange(t, s, change)
		}
	}
	_, err := openKind(t, newReplica(), "bucket", "A").Write([]byte(`["nope",1]`))
	assert.ErrorIs(t, err, npm.ErrUnknownPart)
}

// Changes are lines as a peer is sent them, of the object alone.
func TestChangesAreLines(t *testing.T) {
	r := newReplica()
	s := openKind(t, r, "bucket", "A")
	other, err := npm.Open(r, npm.ModelType, "other", npm.Config{})
	require.NoError(t, err)
	writeChange(t, s, `["m",["k",1]]`)
	writeChange(t, other, `["k",2]`)
	writeChange(t, s, `["m",["k",3]]`)
	text, err := s.Changes(0)(t.Context())
	require.NoError(t, err)
	assert.Equal(t, string(history(t, s)[0])+"\n", string(text))
	for _, u := range r.Live() {
		assert.Equal(t, u.Object().Name != "other", npm.InBucket(u))
	}
}

// One replica can have scuttlebutts of one id: their clocks are apart.
func TestOneIDInTwo(t *testing.T) {
	r := newReplica()
	a, err := npm.Open(r, npm.ModelType, "a", npm.Config{ID: "me"})
	require.NoError(t, err)
	b, err := npm.Open(r, npm.ModelType, "b", npm.Config{ID: "me"})
	require.NoError(t, err)
	require.NoError(t, feed(t, a, npm.SyncConfig{}, []byte(`{"id":"B","clock":{"B":9}}`+"\n\"SYNC\"\n"+`[["k",1],9,"B"]`+"\n")))
	require.Equal(t, map[string]float64{"B": 9}, a.Clock())
	require.Empty(t, b.Clock())
	require.NoError(t, feed(t, b, npm.SyncConfig{}, []byte(`[["k",1],5,"B"]`+"\n\"SYNC\"\n")))
	assert.Equal(t, map[string]float64{"B": 5}, b.Clock())
	assert.Equal(t, `[["k",1],5,"B"]`, string(history(t, b)[0]))
}

// A removal reaches who was away, whoever of the originals would have lost it; and
// nothing that was written before it comes back.
// row: 27 rm, 39 row remove
func TestRemoval(t *testing.T) {
	s := openKind(t, newReplica(), "doc", "A")
	d, err := npm.NewDoc(s)
	require.NoError(t, err)
	require.NoError(t, d.Set("r", map[string]int{"a": 1, "b": 2}))
	q, err := d.Where("a", 1)
	require.NoError(t, err)
	require.True(t, q.Has("r"))
	removed, err := d.Remove("r")
	require.NoError(t, err)
	require.True(t, removed)
	require.False(t, q.Has("r"))
	removed, err = d.Remove("r")
	require.NoError(t, err)
	require.False(t, removed)
	lines := history(t, s)
	require.Len(t, lines, 1)
	require.Contains(t, string(lines[0]), `[["r",null],`)

	u := openKind(t, newReplica(), "doc", "B")
	require.NoError(t, feed(t, u, npm.SyncConfig{}, bytes.Join([][]byte{
		lines[0], []byte(`[["r",{"a":1,"c":3}],5,"Z"]`), []byte(`"SYNC"`), nil}, []byte("\n"))))
	assert.Equal(t, `{}`, string(u.JSON()))
	// What the original says of a removal says nothing, but for the clock.
	require.NoError(t, feed(t, u, npm.SyncConfig{}, []byte(`[null,9,"Z"]`+"\n\"SYNC\"\n")))
	assert.EqualValues(t, 9, u.Clock()["Z"])
	assert.Equal(t, 1, u.Replica().Len())
}

// An update whose fields were overwritten by several is not sent to originals,
// which drop it, but stays for replicas of weir, which may be given only one.
func TestOverwrittenInParts(t *testing.T) {
	s := openKind(t, newReplica(), "doc", "A")
	for _, change := range []string{`["r",{"a":1,"b":1}]`, `["r",{"a":2}]`, `["r",{"b":2}]`} {
		writeChange(t, s, change)
	}
	assert.Len(t, history(t, s), 2)
	assert.Equal(t, 3, s.Replica().Len())
	writeChange(t, s, `["r",{"b":3,"a":3}]`)
	assert.Equal(t, 1, s.Replica().Len())
}

// A text is the same in whatever chunks it comes.
func TestChunks(t *testing.T) {
	text := []byte("{\"id\":\"é\",\"clock\":{}}\r\n[[\"é☃\",\"😀\\ud800\"],5.5,\"é\"]\n\"SYNC\"\n[[\"l\",\"☃\"],6,\"é\"]")
	var want []json.RawMessage
	for i := range len(text) {
		s := openKind(t, newReplica(), "model", "A")
		require.NoError(t, feed(t, s, npm.SyncConfig{}, text[:i:i], text[i:]))
		got := history(t, s)
		if i == 0 {
			want = got
			require.Len(t, got, 2)
			require.Equal(t, `[["\u00e9\u2603","\ud83d\ude00\ud800"],5.5,"\u00e9"]`, string(got[0]))
		}
		require.Equal(t, want, got)
	}
}

// A dump of what is held above the clock says so: an original takes it all, and a
// replica of weir promises no more than who has written it.
func TestLooseDump(t *testing.T) {
	s := openKind(t, newReplica(), "model", "A")
	_ = feed(t, s, npm.SyncConfig{}, []byte(`[["x",1],5,"B"]`+"\n")) // no SYNC
	writeChange(t, s, `["y",1]`)
	chunks, err := pull.Collect(t.Context(), s.Dump())
	require.NoError(t, err)
	text := string(bytes.Join(chunks, nil))
	require.Contains(t, text, "\"SYNC\"\n\"LOOSE\"\n"+`[["x",1],5,"B"]`+"\n")
	u := openKind(t, newReplica(), "model", "")
	_, err = u.Restore(t.Context(), pull.Once([]byte(text)))
	require.NoError(t, err)
	assert.Equal(t, s.Replica().Clock(), u.Replica().Clock())
	assert.Equal(t, string(s.JSON()), string(u.JSON()))
	// Two dumps are one.
	v := openKind(t, newReplica(), "model", "")
	_, err = v.Load(t.Context(), pull.Once([]byte(text+text)))
	require.NoError(t, err)
	assert.Equal(t, s.Clock(), v.Clock())
	_, err = v.Load(t.Context(), pull.Once([]byte(text[:20])))
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

// What is restored goes on as who it was, above all that it wrote.
func TestRestoreGoesOn(t *testing.T) {
	s := openKind(t, newReplica(), "model", "")
	_, err := s.Restore(t.Context(), pull.Once([]byte(`{"id":"Q","clock":{"Q":1795206345434.5,"P":3}}`+"\n"+
		`[["k",1],1795206345434.001,"Q"]`+"\n\"SYNC\"\n")))
	require.NoError(t, err)
	require.Equal(t, map[string]float64{"Q": 1795206345434.5, "P": 3}, s.Clock())
	writeChange(t, s, `["k",2]`)
	require.Equal(t, "Q", s.ID())
	require.Greater(t, s.Clock()["Q"], 1795206345434.5)
	require.Equal(t, `{"k":2}`, string(s.JSON()))
}

// What a peer turns out to have is not sent, also where it was to be sent next.
func TestHasItMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := filled(t, 3000)
		p := &player{t: t, s: s, in: make(chan []byte), end: make(chan error, 1)}
		p.start(npm.SyncConfig{})
		p.next()
		p.feed(`{"id":"B","clock":{}}`)
		first := p.next()
		require.Contains(t, first, "key000000")
		lines := history(t, s)
		p.feed(string(lines[len(lines)-1])) // it has the newest, and so all
		synctest.Wait()
		n := 1 + len(p.rest)
		p.rest = nil
		require.Less(t, n, 3000)
		require.Equal(t, `"SYNC"`, p.next())
		p.feed(`"SYNC"`)
		p.stop()
	})
}

// Who only sends takes nothing in, and promises nothing of what comes.
// row: 18 send clock
func TestSendOnly(t *testing.T) {
	s := openKind(t, newReplica(), "model", "A")
	writeChange(t, s, `["k",1]`)
	before := s.Clock()
	p := &player{t: t, s: s, in: make(chan []byte), end: make(chan error, 1)}
	p.start(npm.SyncConfig{SendOnly: true})
	p.next()
	p.feed(`{"id":"B","clock":{"B":7,"A":1}}`)
	require.Contains(t, p.next(), `[["k",1],`)
	require.Equal(t, `"SYNC"`, p.next())
	p.feed(`[["k",2],7,"B"]`)
	p.feed(`"SYNC"`)
	p.feed(`[["k",3],9995206345434.5,"B"]`)
	p.stop()
	assert.Equal(t, before, s.Clock())
	assert.Equal(t, `{"k":1}`, string(s.JSON()))
	assert.Equal(t, "A", s.ID())
}
