package journal_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/journal"
	"github.com/weir-go/weir/replicate/model"
)

// A file that is deleted or replaced while it is open takes no more writes:
// they would be acknowledged, and gone with the process.
func TestFileIsDeletedOrReplaced(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("an open file cannot be deleted there")
	}
	cfg := journal.Config{Replica: replicate.Config{Types: []replicate.Type{model.JSON}}}
	for name, replace := range map[string]func(path string){
		"deleted": func(path string) { require.NoError(t, os.Remove(path)) },
		"replaced": func(path string) {
			require.NoError(t, journal.Create(path+".new", journal.Meta{}, cfg))
			require.NoError(t, os.Rename(path+".new", path))
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "r")
			require.NoError(t, journal.Create(path, journal.Meta{}, cfg))
			j, err := journal.Open(context.Background(), path, cfg)
			require.NoError(t, err)
			m, err := model.Open[int](j.Replica(), "")
			require.NoError(t, err)
			require.NoError(t, m.Set("k", 1))
			require.NoError(t, j.Replica().Flush(t.Context()))

			replace(path)
			_ = m.Set("k", 2)
			err = j.Replica().Flush(t.Context())
			var lost *journal.WriteError
			require.ErrorAs(t, err, &lost)
			want := journal.ErrReplaced
			if name == "deleted" {
				want = fs.ErrNotExist
			}
			require.ErrorIs(t, err, want)
			require.Error(t, m.Set("k", 3))
			require.Error(t, j.Close())
		})
	}
}
