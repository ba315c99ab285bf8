package files_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/files"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errBoom = errors.New("boom")

func chunks(texts ...string) pull.Source[[]byte] {
	bs := make([][]byte, len(texts))
	for i, s := range texts {
		bs[i] = []byte(s)
	}
	return pull.Values(bs...)
}

func dead(cause error) context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(cause)
	return ctx
}

// A faulty file system is the real one in a temporary folder, with a record
// of its steps. The step named fail fails, or panics.
type faulty struct {
	files.FS
	dir    string
	steps  []string
	fail   string
	panics bool
	after  map[string]func() // run after a step that worked
	open   atomic.Int64      // files that are open
	short  bool              // a Write takes one byte
	mu     sync.Mutex        // see meet
}

// meet has what a test has done before happen before a follower's next step,
// also for the race detector: to wake by the same clock is nothing to it.
func (f *faulty) meet() {
	f.mu.Lock()
	defer f.mu.Unlock()
}

func newFaulty(t *testing.T) *faulty {
	return &faulty{FS: files.OS(), dir: t.TempDir(), after: map[string]func(){}}
}

func (f *faulty) path() string { return filepath.Join(f.dir, "file") }

// held says how many files are open, to any goroutine.
func (f *faulty) held() int { return int(f.open.Load()) }

func (f *faulty) step(name string) error {
	f.meet()
	f.steps = append(f.steps, name)
	if name == f.fail {
		if f.panics {
			panic("step " + name)
		}
		return errBoom
	}
	if after := f.after[name]; after != nil {
		after()
	}
	return nil
}

func (f *faulty) OpenFile(name string, flag int, perm fs.FileMode) (files.File, error) {
	if err := f.step("open"); err != nil {
		return nil, err
	}
	file, err := f.FS.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	f.open.Add(1)
	return &faultyFile{file, f}, nil
}

func (f *faulty) Rename(oldpath, newpath string) error {
	if err := f.step("rename"); err != nil {
		return err
	}
	return f.FS.Rename(oldpath, newpath)
}

func (f *faulty) Remove(name string) error {
	if err := f.step("remove"); err != nil {
		return err
	}
	return f.FS.Remove(name)
}

func (f *faulty) SyncDir(name string) error {
	if err := f.step("syncdir"); err != nil {
		return err
	}
	return f.FS.SyncDir(name)
}

type faultyFile struct {
	files.File
	fsys *faulty
}

func (f *faultyFile) Write(b []byte) (int, error) {
	if err := f.fsys.step("write"); err != nil {
		n, _ := f.File.Write(b[:len(b)/2])
		return n, err
	}
	if f.fsys.short {
		b = b[:1]
	}
	return f.File.Write(b)
}

func (f *faultyFile) Read(b []byte) (int, error) {
	if err := f.fsys.step("read"); err != nil {
		return 0, err
	}
	return f.File.Read(b)
}

func (f *faultyFile) ReadAt(b []byte, off int64) (int, error) {
	if err := f.fsys.step("read"); err != nil {
		return 0, err
	}
	return f.File.(io.ReaderAt).ReadAt(b, off)
}

func (f *faultyFile) Stat() (fs.FileInfo, error) {
	if f.fsys.fail == "fstat" {
		return nil, errBoom
	}
	return f.File.Stat()
}

func (f *faultyFile) Sync() error {
	if err := f.fsys.step("sync"); err != nil {
		return err
	}
	return f.File.Sync()
}

func (f *faultyFile) Close() error {
	f.fsys.open.Add(-1)
	return errors.Join(f.File.Close(), f.fsys.step("close"))
}

// content is what the file holds, and the only thing in its folder.
func (f *faulty) content(t *testing.T) string {
	t.Helper()
	entries, err := os.ReadDir(f.dir)
	require.NoError(t, err)
	require.Zero(t, f.held(), "open files")
	if len(entries) == 0 {
		return "none"
	}
	require.Len(t, entries, 1, "leftovers")
	b, err := os.ReadFile(f.path())
	require.NoError(t, err)
	return string(b)
}
