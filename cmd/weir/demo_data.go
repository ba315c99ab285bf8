package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through"
)

// A demoLine is a line of an import.
type demoLine struct {
	Key   string `json:"key"`
	Value any    `json:"value"`
}

type fileValue struct {
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// hashed is a line for each regular file of a folder.
func hashed(folder fs.FS) pull.Source[demoLine] {
	paths := pull.Generate(func(_ context.Context, yield func(string) bool) error {
		return fs.WalkDir(folder, ".", func(path string, f fs.DirEntry, err error) error {
			if err == nil && f.Type().IsRegular() && !yield(path) {
				return fs.SkipAll
			}
			return err
		})
	})
	workers := 2 * runtime.GOMAXPROCS(0)
	return through.Parallel(paths, workers, func(_ context.Context, path string) (demoLine, error) {
		f, err := folder.Open(path)
		if err != nil {
			return demoLine{}, err
		}
		defer f.Close()
		var sum hash.Hash = sha256.New()
		n, err := io.Copy(sum, f)
		return demoLine{path, fileValue{n, fmt.Sprintf("%x", sum.Sum(nil))}}, err
	})
}

// edits are new values for keys, then keys of the editor's own.
func edits(who string, keys []string, own int) pull.Source[demoLine] {
	return through.Map(pull.Count(len(keys)+own), func(i int) demoLine {
		value := map[string]any{"edited": who, "n": i}
		if i < len(keys) {
			return demoLine{keys[i], value}
		}
		return demoLine{fmt.Sprintf("%s/own/%05d", who, i-len(keys)), value}
	})
}

func everyTenth(keys []string) (out []string) {
	for i := 0; i < len(keys); i += 10 {
		out = append(out, keys[i])
	}
	return out
}

// count returns how many keys begin with prefix.
func count(keys []string, prefix string) (n int64) {
	for _, key := range keys {
		if strings.HasPrefix(key, prefix) {
			n++
		}
	}
	return n
}

// defaultSource is the Go toolchain's source, or else files made for the demo.
func (d *demo) defaultSource(ctx context.Context) (string, error) {
	if root, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output(); err == nil {
		src := filepath.Join(strings.TrimSpace(string(root)), "src")
		if _, err := os.Stat(filepath.Join(src, "builtin")); err == nil {
			return src, nil
		}
	}
	d.e.say("there is no Go toolchain here: making 5000 files")
	made := filepath.Join(d.dir, "files")
	for i := range 5000 {
		folder := filepath.Join(made, fmt.Sprintf("%02d", i%50))
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return "", err
		}
		name := filepath.Join(folder, fmt.Sprintf("file%04d", i))
		if err := os.WriteFile(name, fmt.Appendf(nil, "file %d\n", i), 0o600); err != nil {
			return "", err
		}
	}
	return made, nil
}

// killedLines are the writes during which B's process is killed.
func killedLines(n int) pull.Source[demoLine] {
	return through.Map(pull.Count(n), func(i int) demoLine {
		return demoLine{fmt.Sprintf("B/killed/%05d", i), i}
	})
}
