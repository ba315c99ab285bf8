package files_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/files"
)

// A tail is a follower at work, in a bubble.
type tail struct {
	t    *testing.T
	f    *faulty
	mu   sync.Mutex
	text strings.Builder // what has come
	size []int           // of its chunks
	err  error           // with which it has ended
	stop context.CancelCauseFunc
}

// follow follows f's file in a goroutine until the test's end.
func follow(t *testing.T, f *faulty, cfg files.FollowConfig) *tail {
	ctx, stop := context.WithCancelCause(t.Context())
	l := &tail{t: t, f: f, stop: stop}
	go func() {
		l.err = pull.Each(ctx, files.Follow(f, f.path(), cfg), func(b []byte) error {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.text.Write(b)
			l.size = append(l.size, len(b))
			return nil
		})
	}()
	t.Cleanup(func() {
		stop(errBoom)
		synctest.Wait()
		require.Zero(t, f.held())
	})
	return l
}

// wants gives the follower two looks, and wants what has come since.
func (l *tail) wants(text string) {
	l.t.Helper()
	l.after(2, text)
}

// after is wants with another number of looks.
func (l *tail) after(looks time.Duration, text string) {
	l.t.Helper()
	l.f.meet()
	time.Sleep(looks * files.DefaultInterval)
	synctest.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	require.Equal(l.t, text, l.text.String())
	l.text.Reset()
}

// put writes at the end of the file name in f's folder, which it may create.
func (f *faulty) put(t *testing.T, name, text string) {
	t.Helper()
	file, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	require.NoError(t, err)
	_, err = file.WriteString(text)
	require.NoError(t, err)
	require.NoError(t, file.Close())
}

// row: G18
func TestFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFaulty(t)
		f.put(t, f.path(), "one\n")
		l := follow(t, f, files.FollowConfig{})
		l.wants("one\n")
		l.wants("")
		f.put(t, f.path(), "tw")
		l.wants("tw")
		f.put(t, f.path(), "o\n"+strings.Repeat("x", 100_000))
		l.wants("o\n" + strings.Repeat("x", 100_000))
		for _, n := range l.size {
			require.LessOrEqual(t, n, 32<<10)
		}
		l.stop(errBoom)
		synctest.Wait()
		require.Equal(t, errBoom, l.err, "at once")
	})
}

// row: G18
func TestFollowLooksOnceInAnInterval(t *testing.T) {
	for interval, reads := range map[time.Duration]int{0: 240, time.Second: 60, -1: 240} {
		synctest.Test(t, func(t *testing.T) {
			f := newFaulty(t)
			f.put(t, f.path(), "")
			l := follow(t, f, files.FollowConfig{Interval: interval})
			time.Sleep(time.Minute - time.Millisecond)
			synctest.Wait()
			l.wants("")
			assert.InDelta(t, reads, len(f.steps), 4)
		})
	}
}

// row: G18
func TestFollowBegins(t *testing.T) {
	for offset, want := range map[int64]string{0: "12345", 2: "345", 5: "", -1: "", -7: ""} {
		synctest.Test(t, func(t *testing.T) {
			f := newFaulty(t)
			f.put(t, f.path(), "12345")
			l := follow(t, f, files.FollowConfig{Offset: offset})
			l.wants(want)
			f.put(t, f.path(), "6")
			l.wants("6")

			// Where it goes on in another file is not where it began in the first.
			require.NoError(t, os.Rename(f.path(), f.path()+".1"))
			f.put(t, f.path(), "new")
			l.wants("new")
		})
	}
}

// row: G18
func TestFollowAwaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFaulty(t)
		_, err := pull.Collect(t.Context(), files.Follow(f, f.path(), files.FollowConfig{}))
		require.ErrorIs(t, err, fs.ErrNotExist)
		for _, offset := range []int64{-1, 3, 0} {
			l := follow(t, f, files.FollowConfig{Await: true, Offset: offset})
			l.wants("")
			f.put(t, f.path(), "one")
			l.wants("one")
			l.stop(errBoom)
			synctest.Wait()
			require.NoError(t, os.Remove(f.path()))
		}
	})
}

// row: G18
func TestFollowRotated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFaulty(t)
		f.put(t, f.path(), "one\n")
		var why []error
		l := follow(t, f, files.FollowConfig{Restart: func(err error) error {
			why = append(why, err)
			return nil
		}})
		l.wants("one\n")

		// The writer has the old one open for a while.
		old := f.path() + ".1"
		f.put(t, f.path(), "two\n")
		require.NoError(t, os.Rename(f.path(), old))
		f.put(t, old, "three\n")
		l.wants("two\nthree\n")
		f.put(t, old, "four\n")
		l.wants("four\n")
		require.Empty(t, why, "there is no other file yet")
		f.put(t, old, "five\n")
		f.put(t, f.path(), "six\n")
		l.wants("five\nsix\n")
		require.Len(t, why, 1)
		require.ErrorIs(t, why[0], files.ErrRotated)
		require.EqualError(t, why[0], "files: follow "+f.path()+": another file is in its place")
		f.put(t, old, "late\n")
		f.put(t, f.path(), "seven\n")
		l.wants("seven\n")
		require.Equal(t, 1, f.held(), "the old one is closed")

		// Replaced at once, as files.Replace does.
		f.put(t, f.path()+".new", "eight\n")
		require.NoError(t, os.Rename(f.path()+".new", f.path()))
		l.after(1, "eight\n") // the look that sees it reads it
		require.Len(t, why, 2)

		// Removed, and gone for long.
		require.NoError(t, os.Remove(f.path()))
		l.wants("")
		time.Sleep(time.Hour)
		f.put(t, f.path(), "nine\n")
		l.wants("nine\n")
		require.Len(t, why, 3)
	})
}

// The file that came may be gone before it is opened.
func TestFollowRotatedTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFaulty(t)
		f.put(t, f.path(), "one\n")
		removed := false
		f.after["close"] = func() {
			if !removed {
				removed = os.Remove(f.path()) == nil
			}
		}
		l := follow(t, f, files.FollowConfig{})
		l.wants("one\n")
		require.NoError(t, os.Rename(f.path(), f.path()+".1"))
		f.put(t, f.path(), "two\n")
		l.wants("")
		require.Zero(t, f.held())
		require.True(t, removed)
		f.put(t, f.path(), "three\n")
		l.wants("three\n")
	})
}

// row: G18
func TestFollowTruncated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFaulty(t)
		f.put(t, f.path(), "one\ntwo\n")
		var why []error
		strict := follow(t, f, files.FollowConfig{})
		other := newFaulty(t) // not shared by two followers
		other.dir = f.dir
		again := follow(t, other, files.FollowConfig{Restart: func(err error) error {
			why = append(why, err)
			return nil
		}})
		strict.wants("one\ntwo\n")
		require.NoError(t, os.Truncate(f.path(), 0))
		f.put(t, f.path(), "1\n")
		time.Sleep(files.DefaultInterval)
		synctest.Wait()
		want := &files.TruncatedError{Path: f.path(), Size: 2, Offset: 8}
		require.Equal(t, want, strict.err)
		require.ErrorIs(t, want, files.ErrTruncated)
		require.EqualError(t, want, "files: truncated: "+f.path()+" has 2 bytes, of which 8 were read")
		require.Equal(t, []error{want}, why)
		again.wants("one\ntwo\n1\n")
		f.put(t, f.path(), "2\n")
		again.wants("2\n")
	})
}

// Who is asked may end it all.
func TestFollowRestartDecides(t *testing.T) {
	for answer, want := range map[error]error{io.EOF: nil, errBoom: errBoom} {
		f := newFaulty(t)
		f.put(t, f.path(), "one\n")
		require.NoError(t, os.Truncate(f.path(), 1))
		_, err := pull.Collect(t.Context(), files.Follow(f, f.path(), files.FollowConfig{
			Offset:  2,
			Restart: func(error) error { return answer },
		}))
		require.Equal(t, want, err)
		require.Zero(t, f.held())
	}
}

// row: G18
func TestFollowFailures(t *testing.T) {
	for _, step := range []string{"open", "fstat", "read", "close", "stat"} {
		f := newFaulty(t)
		f.put(t, f.path(), "one")
		f.fail = step
		ctx, cancel := context.WithCancel(t.Context())
		if step == "close" {
			f.after["read"] = cancel
		}
		_, err := pull.Collect(ctx, files.Follow(stats{f}, f.path(), files.FollowConfig{}))
		cancel()
		require.ErrorIs(t, err, errBoom, step)
		require.ErrorContains(t, err, f.path())
		require.Zero(t, f.held())
	}
	f := newFaulty(t)
	f.put(t, f.path(), "one")
	_, err := pull.Collect(t.Context(), files.Follow(strange{f}, f.path(), files.FollowConfig{}))
	require.ErrorIs(t, err, errors.ErrUnsupported)
	require.Zero(t, f.held())
}

// stats makes Stat a step.
type stats struct{ *faulty }

func (s stats) Stat(name string) (fs.FileInfo, error) {
	if err := s.step("stat"); err != nil {
		return nil, err
	}
	return s.faulty.Stat(name)
}

// A strange file system describes files in its own way.
type strange struct{ *faulty }

func (s strange) OpenFile(name string, flag int, perm fs.FileMode) (files.File, error) {
	file, err := s.faulty.OpenFile(name, flag, perm)
	return &strangeFile{file.(*faultyFile)}, err
}

func (s strange) Stat(name string) (fs.FileInfo, error) {
	info, err := s.faulty.Stat(name)
	return strangeInfo{info}, err
}

type strangeFile struct{ *faultyFile }

func (f *strangeFile) Stat() (fs.FileInfo, error) {
	info, err := f.faultyFile.Stat()
	return strangeInfo{info}, err
}

type strangeInfo struct{ fs.FileInfo }

// A known one is strange, but can tell.
type known struct{ strange }

func (known) SameFile(a, b fs.FileInfo) bool {
	return os.SameFile(a.(strangeInfo).FileInfo, b.(strangeInfo).FileInfo)
}

func TestFollowAsksWhichFileItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFaulty(t)
		f.put(t, f.path(), "one")
		src := files.Follow(known{strange{f}}, f.path(), files.FollowConfig{})
		for _, want := range []string{"one", "two"} {
			b, err := src(t.Context())
			require.NoError(t, err)
			require.Equal(t, want, string(b))
			require.NoError(t, os.Rename(f.path(), f.path()+".1"))
			f.put(t, f.path(), "two")
		}
		require.NoError(t, pull.Abort(src, nil))
		require.Zero(t, f.held())
	})
}
