// Pipeline walks a folder, hashes its files in parallel and prints JSON lines:
// go run ./examples/pipeline [DIR]
// DIR is the Go toolchain's own source by default.
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through"
	"github.com/weir-go/weir/through/codec"
)

func main() {
	flag.Usage = func() { fmt.Fprintln(flag.CommandLine.Output(), "usage: pipeline [DIR]") }
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop) // a second interrupt ends the process at once
	dir, err := folderOf(ctx, flag.Args())
	if err == nil {
		err = run(ctx, os.DirFS(dir), os.Stdout)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "pipeline: %s: %v\n", dir, err)
		if ctx.Err() != nil {
			os.Exit(130)
		}
		os.Exit(1)
	}
}

func run(ctx context.Context, folder fs.FS, out io.Writer) error {
	files := through.Parallel(walk(folder), 2*runtime.GOMAXPROCS(0),
		func(ctx context.Context, path string) (file, error) { return hash(ctx, folder, path) })
	w := bufio.NewWriter(out)
	err := pull.Writer(w)(ctx, codec.EncodeJSON(files))
	if ferr := w.Flush(); err == nil {
		err = ferr
	}
	return err
}

func folderOf(ctx context.Context, args []string) (string, error) {
	if len(args) > 0 {
		return args[0], nil
	}
	root, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	return filepath.Join(strings.TrimSpace(string(root)), "src"), err
}

// walk is the source of the paths of the regular files of folder.
func walk(folder fs.FS) pull.Source[string] {
	return pull.Generate(func(_ context.Context, yield func(string) bool) error {
		return fs.WalkDir(folder, ".", func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() && !yield(path) {
				err = fs.SkipAll
			}
			return err
		})
	})
}
