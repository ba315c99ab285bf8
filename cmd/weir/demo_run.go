package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/codec"
)

// command is this program with a command line, to be run in the demo's folder.
func (d *demo) command(ctx context.Context, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, d.exe, args...)
	c.Args[0] = "weir" // what this program goes by, whatever its file is called
	c.Dir = d.dir
	c.Env = append(os.Environ(), identityVar+"="+filepath.Join(d.dir, "identity"))
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	c.WaitDelay = 2 * time.Second
	return c
}

// weir runs a command and returns what it printed on stdout.
func (d *demo) weir(ctx context.Context, stdin io.Reader, args ...string) ([]byte, error) {
	c := d.command(ctx, args...)
	var stderr bytes.Buffer
	c.Stdin, c.Stderr = stdin, &stderr
	out, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("weir %s: %w: %s", strings.Join(args, " "), err, lastLines(stderr.Bytes()))
	}
	return out, nil
}

func lastLines(b []byte) string {
	return strings.ReplaceAll(strings.TrimSpace(string(b[max(0, len(b)-300):])), "\n", "; ")
}

// importInto pipes lines into weir import, and returns how many it said are
// durable.
func (d *demo) importInto(ctx context.Context, name string, lines pull.Source[demoLine]) (int64, error) {
	in, out := io.Pipe()
	written := make(chan error, 1)
	go func() {
		err := pull.Writer(out)(ctx, codec.EncodeJSON(lines))
		written <- err
		_ = out.CloseWithError(err)
	}()
	c := d.command(ctx, "--json", "import", name)
	var stderr bytes.Buffer
	c.Stdin, c.Stderr = in, &stderr
	err := c.Run()
	_ = in.CloseWithError(io.ErrClosedPipe) // an import that failed reads no more
	werr := <-written
	if err != nil {
		return lastDurable(&stderr), fmt.Errorf("weir import %s: %w: %s", name, err, lastLines(stderr.Bytes()))
	}
	return lastDurable(&stderr), werr
}

// durableIn is how many lines an import says are durable; 0 if it says
// something else.
func durableIn(line []byte) int64 {
	var said struct {
		Durable int64 `json:"durable"`
	}
	_ = json.Unmarshal(line, &said)
	return said.Durable
}

// lastDurable is the last count that an import gave.
func lastDurable(stderr io.Reader) (n int64) {
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		n = max(n, durableIn(lines.Bytes()))
	}
	return n
}

// edit starts n edits of a replica; what it returns waits for them.
func (d *demo) edit(ctx context.Context, name string, n int) func() (int64, error) {
	type result struct {
		n   int64
		err error
	}
	done := make(chan result, 1)
	go func() {
		keys, err := d.keys(ctx, name)
		if err == nil {
			n, err := d.importInto(ctx, name, edits(name, everyTenth(keys), n))
			done <- result{n, err}
			return
		}
		done <- result{0, err}
	}()
	return func() (int64, error) {
		r := <-done
		return r.n, r.err
	}
}

// keys lists a replica's keys.
func (d *demo) keys(ctx context.Context, name string) ([]string, error) {
	out, err := d.weir(ctx, nil, "ls", name)
	return strings.Split(strings.TrimSpace(string(out)), "\n"), err
}

// sync has B sync with a peer once, and notes what that moved.
func (d *demo) sync(ctx context.Context, step, address string) error {
	start := time.Now()
	out, err := d.weir(ctx, nil, "--json", "sync", "B", "tcp://"+address)
	if err != nil {
		return err
	}
	var s summary
	if err := json.Unmarshal(out, &s); err != nil {
		return err
	}
	d.add(step, s.SentUpdates+s.ReceivedUpdates, s.SentBytes+s.ReceivedBytes, start,
		fmt.Sprintf("sync frames: %d bytes out, %d in", s.SentBytes, s.ReceivedBytes))
	return nil
}

// A demoPeer is a running weir peer.
type demoPeer struct {
	cmd     *exec.Cmd
	name    string
	address string // where it listens, or what it has joined
	rest    chan struct{}
}

// peer starts weir peer, and returns when it listens or has joined.
func (d *demo) peer(ctx context.Context, name string, flags ...string) (*demoPeer, error) {
	p := &demoPeer{name: name, rest: make(chan struct{})}
	p.cmd = d.command(ctx, append([]string{"--json", "peer", name}, flags...)...)
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(stderr)
	for p.address == "" && lines.Scan() {
		var said event
		if json.Unmarshal(lines.Bytes(), &said) == nil {
			if said.Event == "listening" || said.Event == "joined" {
				p.address = said.Address
			}
		}
	}
	go func() {
		defer close(p.rest)
		_, _ = io.Copy(io.Discard, stderr)
	}()
	if p.address == "" {
		p.kill()
		return nil, fmt.Errorf("weir peer %s did not start", name)
	}
	return p, nil
}

// kill ends the process with SIGKILL; it may have ended before.
func (p *demoPeer) kill() {
	_ = p.cmd.Process.Kill()
	<-p.rest
	_ = p.cmd.Wait()
}

// stop ends the process as a person would.
func (p *demoPeer) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	<-p.rest
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("weir peer %s: %w", p.name, err)
	}
	return nil
}

// editUntilKilled imports n lines into B while its process b runs, kills b
// once some of them are acknowledged, and returns how many were.
func (d *demo) editUntilKilled(ctx context.Context, b *demoPeer, n int) (int64, error) {
	c := d.command(ctx, "--json", "import", "B")
	stdin, err := c.StdinPipe()
	if err != nil {
		return 0, err
	}
	stderr, err := c.StderrPipe()
	if err != nil {
		return 0, err
	}
	if err := c.Start(); err != nil {
		return 0, err
	}
	written := make(chan struct{})
	go func() {
		defer close(written)
		lines := codec.EncodeJSON(killedLines(n))
		_ = pull.Writer(stdin)(ctx, lines) // ends when the import does
		_ = stdin.Close()
	}()
	var acknowledged int64
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		if acknowledged = max(acknowledged, durableIn(lines.Bytes())); acknowledged > 0 {
			_ = b.cmd.Process.Kill()
		}
	}
	err = c.Wait()
	<-written
	b.kill()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return 0, err
	}
	return acknowledged, ctx.Err()
}

// size is the length of a replica's file.
func (d *demo) size(name string) int64 {
	info, err := os.Stat(filepath.Join(d.dir, name))
	if err != nil {
		return -1
	}
	return info.Size()
}
