package main

import (
	"bufio"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// What is run beside us where Node is there, in a process of its own that stays,
// so that its code is compiled when it is measured.
const (
	npmScuttlebutt = "scuttlebutt@5.6.15"
	npmYjs         = "yjs@13.6.33"
)

// npmReplicas are what replicas are beside.
var npmReplicas = []string{npmScuttlebutt, npmYjs}

//go:embed npm/run.mjs
var npmScript []byte

// A node runs what npm has.
type node struct {
	path string // of Node
	dir  string // with the packages
}

// newNode returns Node, with packages in the user's cache, or why there is none;
// what is not there yet is fetched if it may be.
func newNode(ctx context.Context, fetch bool, packages ...string) (*node, error) {
	path, err := exec.LookPath("node")
	if err != nil {
		return nil, errors.New("no Node here")
	}
	npm, err := exec.LookPath("npm")
	if err != nil {
		return nil, errors.New("no npm here")
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	n := &node{path, filepath.Join(cache, "weir-compare", strings.Join(packages, "_"))}
	if err := n.install(ctx, npm, fetch, packages); err != nil {
		return nil, err
	}
	return n, os.WriteFile(n.script(), npmScript, 0o644)
}

func (n *node) script() string { return filepath.Join(n.dir, "run.mjs") }

// install fetches the packages, once, and runs no scripts of theirs.
func (n *node) install(ctx context.Context, npm string, fetch bool, packages []string) error {
	done := filepath.Join(n.dir, "installed")
	if _, err := os.Stat(done); err == nil {
		return nil
	}
	if !fetch {
		return fmt.Errorf("%s was not fetched", packages[0])
	}
	if err := os.MkdirAll(n.dir, 0o755); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, npm, append([]string{"install", "--prefix", n.dir,
		"--ignore-scripts", "--no-audit", "--no-fund", "--save-exact"}, packages...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("npm cannot install %s: %w: %.200s", strings.Join(packages, " "), err, out)
	}
	return os.WriteFile(done, nil, 0o644)
}

// npmSync is a fresh sync over TCP loopback by npm's scuttlebutt, of two
// processes, beside ours.
func npmSync(n *node, f *fixture) work {
	theirs := &script{node: n, what: "scuttlebutt", keys: f.keys}
	w := gauges("sync-npm", "ns", f.keys, timed(f.overTCP), peer{
		name: "npm " + npmScuttlebutt, run: theirs.again, goal: 1 / 8.0,
	})
	w.end = theirs.end
	return w
}

// yjsSync is what Yjs takes to encode a map and to apply it to an empty one,
// without a carrier.
func yjsSync(n *node, f *fixture) work {
	theirs := &script{node: n, what: "yjs", keys: f.keys}
	w := gauges("sync-yjs", "ns", f.keys, timed(f.inMemory), peer{
		name: "npm " + npmYjs, run: theirs.again,
	})
	w.end = theirs.end
	return w
}

// timed is how long run takes, as a gauge.
func timed(run contender) contender {
	return func(ctx context.Context) (int, error) {
		return elapsed(func() error {
			_, err := run(ctx)
			return err
		})
	}
}

// A script is a process that does something with so many keys or values again and
// again.
type script struct {
	node  *node
	what  string
	keys  int
	where string // a port, a file or a number; "" for none
	cpu   bool   // CPU time is asked for

	cmd *exec.Cmd // nil before it is asked first
	in  io.WriteCloser
	out *bufio.Scanner
}

func (s *script) start(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, s.node.path, s.node.script(), s.what, strconv.Itoa(s.keys))
	if s.where != "" {
		cmd.Args = append(cmd.Args, s.where)
	}
	cmd.Dir, cmd.Stderr = s.node.dir, os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	s.in, s.out = in, bufio.NewScanner(out)
	if err := cmd.Start(); err != nil {
		return err
	}
	s.cmd = cmd
	return nil
}

// again returns what the script says that it took.
func (s *script) again(ctx context.Context) (took int, err error) {
	if s.cmd == nil {
		if err := s.start(ctx); err != nil {
			return 0, err
		}
	}
	if _, err := io.WriteString(s.in, "again\n"); err != nil {
		return 0, err
	}
	if !s.out.Scan() {
		return 0, fmt.Errorf("node ended: %w", io.ErrUnexpectedEOF)
	}
	var got, used int
	if _, err := fmt.Sscan(s.out.Text(), &took, &got, &used); err != nil {
		return 0, err
	}
	if got != s.keys {
		return 0, fmt.Errorf("%d arrived, not %d", got, s.keys)
	}
	if s.cpu {
		return used, nil
	}
	return took, nil
}

// end ends the process, if there is one, and waits for it.
func (s *script) end() error {
	if s.cmd == nil {
		return nil
	}
	err := s.in.Close()
	return errors.Join(err, s.cmd.Wait())
}
