package journal

import (
	"context"

	"github.com/weir-go/weir/pull/files"
)

// Snapshot writes what is durable at this moment to the new file path, as a dump
// that replicate's Load takes, while writers go on. The file is durable, with
// permissions 0600, and there whole or not at all. It returns an error matching
// fs.ErrExist if anything is at path, context.Cause(ctx), or what the file system
// returns. What is in memory meanwhile is said at replicate's Replica.Snapshot.
func (j *Journal) Snapshot(ctx context.Context, path string) error {
	if err := vacant(path, j.cfg); err != nil {
		return err
	}
	return files.Replace(j.cfg.FS, path, filePerm)(ctx, j.replica.Snapshot())
}
