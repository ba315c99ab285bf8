package files_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/files"
	"github.com/weir-go/weir/through"
	"github.com/weir-go/weir/through/frame"
)

func tempFile() (path string, remove func()) {
	dir, err := os.MkdirTemp("", "files")
	if err != nil {
		panic(err)
	}
	return filepath.Join(dir, "notes"), func() { _ = os.RemoveAll(dir) }
}

func ExampleRead() {
	path, remove := tempFile()
	defer remove()
	_ = os.WriteFile(path, []byte("hello"), 0o600)
	for chunk, err := range files.Read(nil, path).All(context.Background()) {
		fmt.Printf("%s %v\n", chunk, err)
	}
	// Output: hello <nil>
}

func ExampleFollow() {
	path, remove := tempFile()
	defer remove()
	_ = os.WriteFile(path, []byte("one\n"), 0o600)
	// A line of a file that was followed to its end, and one of the next file.
	follow := files.Follow(nil, path, files.FollowConfig{Interval: time.Millisecond})
	lines := frame.Lines(follow, 1000)
	ctx := context.Background()
	line, err := lines(ctx)
	fmt.Println(string(line), err)
	_ = os.Rename(path, path+".1")
	_ = os.WriteFile(path, []byte("two\n"), 0o600)
	line, err = lines(ctx)
	fmt.Println(string(line), err)
	fmt.Println(pull.Abort(lines, nil))
	// Output:
	// one <nil>
	// two <nil>
	// <nil>
}

func ExampleLinesBackward() {
	path, remove := tempFile()
	defer remove()
	_ = os.WriteFile(path, []byte("one\ntwo\nthree\n"), 0o600)
	last := through.Take(files.LinesBackward(nil, path, 1000), 2)
	for line, err := range last.All(context.Background()) {
		fmt.Println(string(line), err)
	}
	// Output:
	// three <nil>
	// two <nil>
}

func ExampleSplitBackward() {
	path, remove := tempFile()
	defer remove()
	_ = os.WriteFile(path, []byte("one, two, three"), 0o600)
	parts := files.SplitBackward(nil, path, []byte(", "), 1000)
	for part, err := range parts.All(context.Background()) {
		fmt.Println(string(part), err)
	}
	// Output:
	// three <nil>
	// two <nil>
	// one <nil>
}

func ExampleAppend() {
	path, remove := tempFile()
	defer remove()
	sink := files.Append(nil, path, files.Options{Perm: 0o600})
	for _, line := range []string{"one\n", "two\n"} {
		if err := sink(context.Background(), pull.Values([]byte(line))); err != nil {
			fmt.Println(err)
		}
	}
	b, _ := os.ReadFile(path)
	fmt.Print(string(b))
	// Output:
	// one
	// two
}

func ExampleReplace() {
	path, remove := tempFile()
	defer remove()
	_ = os.WriteFile(path, []byte("old"), 0o600)
	err := files.Replace(nil, path, 0o600)(context.Background(), pull.Values([]byte("new")))
	b, _ := os.ReadFile(path)
	fmt.Println(string(b), err)
	// Output: new <nil>
}

func ExampleOS() {
	path, remove := tempFile()
	defer remove()
	_, err := files.OS().Stat(path)
	fmt.Println(os.IsNotExist(err))
	// Output: true
}

func ExampleWalk() {
	entries := files.Walk(tree(), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && path == "b" {
			return fs.SkipDir
		}
		return err
	})
	for e, err := range entries.All(context.Background()) {
		fmt.Println(e.Path, e.IsDir(), err)
	}
	// Output:
	// . true <nil>
	// a true <nil>
	// a/1 false <nil>
	// a/2 false <nil>
	// c false <nil>
}

// All files of an fs.FS, such as os.DirFS(root), one after the other.
func ExampleReadOnly() {
	fsys := tree()
	for e, err := range files.Walk(fsys, "a", nil).All(context.Background()) {
		if err != nil || e.IsDir() {
			continue
		}
		n, err := pull.Len(context.Background(), files.Read(files.ReadOnly(fsys), e.Path))
		fmt.Println(e.Path, n, err)
	}
	// Output:
	// a/1 1 <nil>
	// a/2 1 <nil>
}
