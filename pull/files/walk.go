package files

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"reflect"

	"github.com/weir-go/weir/pull"
)

// A WalkEntry is a file or folder that Walk has come to.
type WalkEntry struct {
	Path        string // slash-separated, beginning with the root that Walk was given
	fs.DirEntry        // its name, its type and, on demand, more
}

// Walk is the source of all files and folders of fsys from root on, root
// included, in lexical order and a folder before what is in it, as fs.WalkDir
// comes to them. It follows no symbolic links. One folder's entries are held in
// memory at a time for each level of depth. Reading a folder cannot be
// interrupted; the context is looked at between entries.
//
// Visit is called with each entry before it is returned: nil has it returned,
// fs.SkipDir leaves out the folder and what is in it (for a file, the rest of
// its folder), fs.SkipAll all that would follow, and any other error is the
// source's failure. What cannot be read comes to visit with an error, of
// which the path may be told by errors.As with a *fs.PathError, and is not
// returned: nil then means to go on without it; d may be nil. A nil visit means
// everything, and the first such error is the source's failure, which also names
// the folder of an os.DirFS.
func Walk(fsys fs.FS, root string, visit fs.WalkDirFunc) pull.Source[WalkEntry] {
	if visit == nil {
		visit = func(path string, _ fs.DirEntry, err error) error {
			return walkFailure(fsys, path, err)
		}
	}
	return pull.Generate(func(_ context.Context, yield func(WalkEntry) bool) error {
		return fs.WalkDir(fsys, root, func(path string, d fs.DirEntry, err error) error {
			if verr := visit(path, d, err); verr != nil || err != nil {
				return verr
			}
			if !yield(WalkEntry{Path: path, DirEntry: d}) {
				return fs.SkipAll
			}
			return nil
		})
	})
}

// walkFailure says what could not be read. Errors of an os.DirFS name the path
// in it only, which for the root is a dot; it is a string, the folder's name.
func walkFailure(fsys fs.FS, path string, err error) error {
	if dir := reflect.ValueOf(fsys); err != nil && dir.Type() == typeDirFS {
		return fmt.Errorf("files: walk %s: %w", dir.String(), notEOF(err))
	}
	return failure("walk", path, err)
}

var typeDirFS = reflect.TypeOf(os.DirFS(""))
