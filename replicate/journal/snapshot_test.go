package journal_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/files"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/journal"
	"github.com/weir-go/weir/through/frame"
)

// loadFile loads a dump from the disk into a new replica.
func loadFile(t testing.TB, fsys files.FS, name string) *replicate.Replica {
	r := inMemory()
	_, err := r.Load(t.Context(), files.Read(fsys, name))
	require.NoError(t, err)
	return r
}

// A snapshot is the state of one moment, though it is written slowly and others
// write meanwhile.
func TestSnapshot(t *testing.T) {
	d := newDisk()
	g := gate(d, true)
	cfg := quiet(d.config())
	require.NoError(t, journal.Create(path, journal.Meta{Set: "s"}, cfg))
	cfg.FS = g
	j := open(t, path, cfg)
	for i := range 5000 {
		require.NoError(t, mapOf(t, j.Replica()).Set(fmt.Sprint("key ", i), i))
	}
	require.NoError(t, j.Replica().Flush(t.Context()))
	want := contents(t, j.Replica())
	errs := make(chan error)
	go func() { errs <- j.Snapshot(t.Context(), "folder/snapshot") }()
	<-g.reached
	for i := range 5000 {
		require.NoError(t, mapOf(t, j.Replica()).Set(fmt.Sprint("key ", i), -i))
	}
	set(t, j, "new", 1)
	close(g.gate)
	require.NoError(t, <-errs)
	assert.Equal(t, want, contents(t, loadFile(t, d, "folder/snapshot")))
	assert.Equal(t, d.names["folder/snapshot"].data, d.names["folder/snapshot"].synced)
	assert.ErrorIs(t, j.Snapshot(t.Context(), "folder/snapshot"), fs.ErrExist)
	assert.ErrorIs(t, j.Snapshot(t.Context(), path), fs.ErrExist)
	require.NoError(t, j.Close())
}

// What is not durable yet is in no snapshot: it may never have been.
func TestSnapshotIsDurable(t *testing.T) {
	d := newDisk()
	j := create(t, path, d.config())
	set(t, j, "a", 1)
	failOn(d, "sync", os.ErrInvalid)
	require.NoError(t, mapOf(t, j.Replica()).Set("a", 2))
	require.Error(t, j.Replica().Flush(t.Context()))
	d.before = nil
	require.NoError(t, j.Snapshot(t.Context(), "folder/snapshot"))
	assert.Equal(t, map[string]int{"a": 1}, contents(t, loadFile(t, d, "folder/snapshot")))
	require.Error(t, j.Close())
}

// content returns the frames of updates and markers among others, as they are.
func content(t testing.TB, b []byte) (kept []byte) {
	for len(b) > 0 {
		msg, n, err := frame.Parse(b, len(b))
		require.NoError(t, err)
		if msg[0] == 3 || msg[0] == 4 {
			kept = append(kept, b[:n]...)
		}
		b = b[n:]
	}
	return kept
}

// heard is what a fresh peer is sent in a session. What the peer says of its own
// comes behind that: an acknowledgement in between would begin the stream.
func heard(t testing.TB, r *replicate.Replica) []byte {
	var sent []byte
	da, db := duplex.Pair[[]byte, []byte]()
	source, sink, marked := db.Source, db.Sink, make(chan struct{})
	var once sync.Once
	db.Source = func(ctx context.Context) ([]byte, error) {
		b, err := source(ctx)
		sent = append(sent, b...)
		if len(b) > 0 {
			if msg, _, perr := frame.Parse(b, len(b)); perr == nil && msg[0] == 4 {
				once.Do(func() { close(marked) })
			}
		}
		return b, err
	}
	db.Sink = func(ctx context.Context, src pull.Source[[]byte]) error {
		n := 0
		return sink(ctx, func(ctx context.Context) ([]byte, error) {
			b, err := src(ctx)
			if n++; n == 3 { // behind greeting and position
				<-marked
			}
			return b, err
		})
	}
	errs := make(chan error, 2)
	go func() { errs <- replicate.NewSession(r, replicate.SyncConfig{Once: true}).Run(t.Context(), da) }()
	go func() { errs <- replicate.NewSession(inMemory(), replicate.SyncConfig{}).Run(t.Context(), db) }()
	require.NoError(t, <-errs)
	require.NoError(t, <-errs)
	return sent
}

// The updates and markers of a fresh sync, a dump, a snapshot and a journal that
// was compacted are the same bytes.
func TestSameBytesEverywhere(t *testing.T) {
	d := newDisk()
	cfg := quiet(d.config())
	j := create(t, path, cfg)
	peer := inMemory()
	for i := range 3000 {
		require.NoError(t, mapOf(t, j.Replica()).Set(fmt.Sprint("key ", i%1700), i))
		require.NoError(t, mapOf(t, peer).Set(fmt.Sprint("theirs ", i%300), i))
	}
	_, err := mapOf(t, j.Replica()).Delete("key 7")
	require.NoError(t, err)
	requireEqual(t, j.Replica(), peer)
	require.NoError(t, j.Replica().Flush(t.Context()))
	before := content(t, d.names[path].data)

	synced := content(t, heard(t, j.Replica()))
	chunks, err := pull.Collect(t.Context(), j.Replica().Read(nil))
	require.NoError(t, err)
	dump := content(t, bytes.Join(chunks, nil))
	require.NoError(t, j.Snapshot(t.Context(), "snapshot"))
	snapshot := content(t, d.names["snapshot"].data)
	_, err = j.Compact(t.Context(), nil)
	require.NoError(t, err)
	compacted := content(t, d.names[path].data)
	require.NoError(t, j.Close())

	require.Greater(t, len(synced), 2000*10)
	assert.Greater(t, len(before), len(synced))
	t.Logf("sync %d bytes, dump %d, snapshot %d, compacted journal %d", len(synced), len(dump), len(snapshot), len(compacted))
	assert.True(t, bytes.Equal(synced, dump), "a dump")
	assert.True(t, bytes.Equal(synced, snapshot), "a snapshot")
	assert.True(t, bytes.Equal(synced, compacted), "a compacted journal")
}
