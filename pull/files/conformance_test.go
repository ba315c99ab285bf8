package files_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/files"
	"github.com/weir-go/weir/pull/pulltest"
	"github.com/weir-go/weir/through/frame"
)

func TestReadKeepsTheContract(t *testing.T) {
	f := newFaulty(t)
	require.NoError(t, os.WriteFile(f.path(), []byte("hello"), 0o600))
	pulltest.Source(t, func() pull.Source[[]byte] { return files.Read(f, f.path()) },
		pulltest.SourceOptions[[]byte]{
			Want: [][]byte{[]byte("hello")},
			Held: func() int { return f.held() },
		})
}

func TestBackwardKeepsTheContract(t *testing.T) {
	f := newFaulty(t)
	require.NoError(t, os.WriteFile(f.path(), []byte("one\r\n\ntwo, and\nthree"), 0o600))
	held := func() int { return f.held() }
	msgs := func(texts ...string) (out []frame.Msg) {
		for _, text := range texts {
			out = append(out, frame.Msg(text))
		}
		return out
	}
	t.Run("LinesBackward", func(t *testing.T) {
		pulltest.Source(t, func() pull.Source[frame.Msg] {
			return files.LinesBackward(f, f.path(), 100)
		}, pulltest.SourceOptions[frame.Msg]{Want: msgs("three", "two, and", "", "one"), Held: held})
		pulltest.Source(t, func() pull.Source[frame.Msg] {
			return files.LinesBackward(f, f.path(), 5)
		}, pulltest.SourceOptions[frame.Msg]{
			Want: msgs("three"), Held: held,
			End: frame.ErrTooLarge,
		})
	})
	t.Run("SplitBackward", func(t *testing.T) {
		pulltest.Source(t, func() pull.Source[frame.Msg] {
			return files.SplitBackward(f, f.path(), []byte(", "), 100)
		}, pulltest.SourceOptions[frame.Msg]{
			Want: msgs("and\nthree", "one\r\n\ntwo"), Held: held,
		})
	})
}

func TestFollowKeepsTheContract(t *testing.T) {
	f := newFaulty(t)
	require.NoError(t, os.WriteFile(f.path(), []byte("hello"), 0o600))
	held := func() int { return f.held() }
	pulltest.Source(t, func() pull.Source[[]byte] {
		return files.Follow(f, f.path(), files.FollowConfig{})
	}, pulltest.SourceOptions[[]byte]{Want: [][]byte{[]byte("hello")}, Stalls: true, Held: held})
	none := filepath.Join(t.TempDir(), "none")
	pulltest.Source(t, func() pull.Source[[]byte] {
		return files.Follow(f, none, files.FollowConfig{Await: true})
	}, pulltest.SourceOptions[[]byte]{Stalls: true, Held: held})
	pulltest.Source(t, func() pull.Source[[]byte] {
		return files.Follow(f, f.path(), files.FollowConfig{Offset: 6})
	}, pulltest.SourceOptions[[]byte]{
		Held: held,
		End:  files.ErrTruncated,
		Panic: func() pull.Source[[]byte] {
			return files.Follow(f, f.path(), files.FollowConfig{
				Offset: 6, Restart: func(error) error { panic("restart") },
			})
		},
	})
}

func TestWalkKeepsTheContract(t *testing.T) {
	pulltest.Source(t, func() pull.Source[string] { return paths(files.Walk(tree(), "a", nil)) },
		pulltest.SourceOptions[string]{
			Want: []string{"a", "a/1", "a/2"},
			Panic: func() pull.Source[string] {
				return paths(files.Walk(tree(), "a", func(path string, _ fs.DirEntry, _ error) error {
					if path == "a/2" {
						panic("visit")
					}
					return nil
				}))
			},
		})
	pulltest.Source(t, func() pull.Source[string] {
		return paths(files.Walk(tree(), "a", func(path string, _ fs.DirEntry, err error) error {
			if path == "a/2" {
				return errBoom
			}
			return err
		}))
	}, pulltest.SourceOptions[string]{Want: []string{"a", "a/1"}, End: errBoom})
}

func TestSinksKeepTheContract(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	broken := filepath.Join(dir, "none", "file")
	t.Run("Replace", func(t *testing.T) {
		pulltest.Sink(t, func(ctx context.Context, src pull.Source[[]byte]) error {
			_ = os.Remove(path)
			return files.Replace(nil, path, 0)(ctx, src)
		}, pulltest.SinkOptions[[]byte]{
			Value: value,
			Fail:  files.Replace(nil, broken, 0),
			Committed: func() bool {
				_, err := os.Stat(path)
				return err == nil
			},
		})
	})
	t.Run("Append", func(t *testing.T) {
		pulltest.Sink(t, files.Append(nil, path, files.Options{NoSync: true}),
			pulltest.SinkOptions[[]byte]{
				Value: value,
				Fail:  files.Append(nil, broken, files.Options{}),
			})
	})
}

func value(i int) []byte { return []byte{byte(i)} }
