package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/weir-go/weir/duplex/secure"
	"github.com/weir-go/weir/replicate/journal"
	"github.com/weir-go/weir/through/frame"
)

// The scripts in testdata read like sessions at a terminal. What they know
// beside the usual commands is below.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                "testdata",
		RequireUniqueNames: true,
		Setup:              setup,
		Condition:          condition,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"weir":     cmdWeir,
			"exits":    cmdExits,
			"start":    cmdStart,
			"feed":     cmdFeed,
			"await":    cmdAwait,
			"signal":   cmdSignal,
			"ends":     cmdEnds,
			"lock":     cmdLock,
			"identity": cmdIdentity,
			"crowd":    cmdCrowd,
			"impostor": cmdImpostor,
			"original": cmdOriginal,
			"refused":  cmdRefused,
			"flip":     cmdFlip,
			"chop":     cmdChop,
			"version":  cmdVersion,
			"longkey":  cmdLongKey,
			"older":    cmdOlder,
			"foreign":  cmdForeign,
			"tmpfs":    cmdTmpfs,
		},
	})
}

func setup(e *testscript.Env) error {
	e.Values["started"] = map[string]*started{}
	e.Setenv("GORACE", os.Getenv("GORACE"))
	// Sockets of holders must not be shared between scripts.
	e.Setenv("XDG_RUNTIME_DIR", e.Getenv("TMPDIR"))
	e.Setenv("XDG_CONFIG_HOME", filepath.Join(e.WorkDir, ".config"))
	return nil
}

func condition(cond string) (bool, error) {
	switch cond {
	case "mount":
		if runtime.GOOS != "linux" || os.Getuid() != 0 {
			return false, nil
		}
		dir, err := os.MkdirTemp("", "weir-mount")
		if err != nil {
			return false, err
		}
		defer os.Remove(dir)
		if exec.Command("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", dir).Run() != nil {
			return false, nil
		}
		return true, exec.Command("umount", dir).Run()
	}
	return false, fmt.Errorf("unknown condition %q", cond)
}

// weir ARGS… runs weir, which exits with 0.
func cmdWeir(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("say which exit status: exits STATUS weir ARGS")
	}
	ts.Check(ts.Exec("weir", args...))
}

// exits STATUS PROGRAM ARGS… runs a program that exits with the status.
func cmdExits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	got := 0
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

// A started program goes on while the script does; its lines can be waited for.
type started struct {
	cmd   *exec.Cmd
	stdin io.Writer
	done  chan struct{}
	mu    sync.Mutex
	lines []string
	more  chan struct{} // closed and replaced at each line
}

// start NAME PROGRAM ARGS… starts a program. What it prints on stdout and
// stderr is NAME's, and its stdin stays open.
func cmdStart(ts *testscript.TestScript, _ bool, args []string) {
	p := &started{cmd: exec.Command(args[1], args[2:]...), done: make(chan struct{}), more: make(chan struct{})}
	p.cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{
		"PATH", "HOME", "TMPDIR", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", identityVar, "WORK", "GORACE",
	} {
		p.cmd.Env = append(p.cmd.Env, name+"="+ts.Getenv(name))
	}
	var err error
	p.stdin, err = p.cmd.StdinPipe()
	ts.Check(err)
	r, w := io.Pipe()
	p.cmd.Stdout, p.cmd.Stderr = w, w
	ts.Check(p.cmd.Start())
	go p.read(r)
	go func() {
		_ = p.cmd.Wait()
		_ = w.Close()
		close(p.done)
	}()
	ts.Value("started").(map[string]*started)[args[0]] = p
	ts.Defer(func() {
		_ = p.cmd.Process.Kill()
		<-p.done
	})
}

func (p *started) read(r io.Reader) {
	s := bufio.NewScanner(r)
	for s.Scan() {
		p.mu.Lock()
		p.lines = append(p.lines, s.Text())
		close(p.more)
		p.more = make(chan struct{})
		p.mu.Unlock()
	}
}

// find returns the first line that matches, removing it and those before it,
// or a channel that tells of the next line.
func (p *started) find(re *regexp.Regexp) (match []string, more <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, text := range p.lines {
		if m := re.FindStringSubmatch(text); m != nil {
			p.lines = p.lines[i+1:]
			return m, nil
		}
	}
	return nil, p.more
}

func program(ts *testscript.TestScript, name string) *started {
	p := ts.Value("started").(map[string]*started)[name]
	if p == nil {
		ts.Fatalf("nothing was started as %s", name)
	}
	return p
}

// feed NAME LINE writes a line to a started program's stdin; ^C is the key.
func cmdFeed(ts *testscript.TestScript, _ bool, args []string) {
	typed := args[1] + "\n"
	if args[1] == "^C" {
		typed = "\x03"
	}
	_, err := io.WriteString(program(ts, args[0]).stdin, typed)
	ts.Check(err)
}

// await NAME REGEXP [VARIABLE] waits for a line that a started program prints,
// and puts the first group of the match into the variable.
func cmdAwait(ts *testscript.TestScript, _ bool, args []string) {
	p, re := program(ts, args[0]), regexp.MustCompile(args[1])
	late := time.After(20 * time.Second)
	for {
		match, more := p.find(re)
		if match != nil {
			if len(args) > 2 {
				ts.Setenv(args[2], match[1])
			}
			return
		}
		select {
		case <-more:
		case <-late:
			ts.Fatalf("%s did not print %q but %q", args[0], args[1], p.lines)
		}
	}
}

// signal NAME INT|TERM|KILL|STOP|CONT sends a signal to a started program.
func cmdSignal(ts *testscript.TestScript, _ bool, args []string) {
	signals := map[string]os.Signal{
		"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "KILL": syscall.SIGKILL,
	}
	ts.Check(program(ts, args[0]).cmd.Process.Signal(signals[args[1]]))
}

// ends NAME STATUS [SECONDS] waits for a started program to exit.
func cmdEnds(ts *testscript.TestScript, _ bool, args []string) {
	p, limit := program(ts, args[0]), 20.0
	if len(args) > 2 {
		var err error
		limit, err = strconv.ParseFloat(args[2], 64)
		ts.Check(err)
	}
	select {
	case <-p.done:
	case <-time.After(time.Duration(limit * float64(time.Second))):
		ts.Fatalf("%s is still running after %v s", args[0], limit)
	}
	if got := fmt.Sprint(p.cmd.ProcessState.ExitCode()); got != args[1] {
		ts.Fatalf("%s: exit status %s, want %s; %q", args[0], got, args[1], p.lines)
	}
}

// lock FILE holds a replica as a program would that serves nobody.
func cmdLock(ts *testscript.TestScript, _ bool, args []string) {
	j, err := journal.Open(context.Background(), ts.MkAbs(args[0]), config())
	ts.Check(err)
	ts.Defer(func() { ts.Check(j.Close()) })
}

// identity NAME makes an identity NAME.key, whose peer id is in $ID_NAME.
func cmdIdentity(ts *testscript.TestScript, _ bool, args []string) {
	id, err := secure.NewIdentity()
	ts.Check(err)
	ts.Check(id.Save(ts.MkAbs(args[0] + ".key")))
	ts.Setenv("ID_"+strings.ToUpper(args[0]), id.ID().String())
}

// refused N NAME PROGRAM ARGS… runs a program N times, which exits with 12 each
// time; the peer that was started as NAME says why, too.
func cmdRefused(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	for range n {
		cmdExits(ts, false, append([]string{"12"}, args[2:]...))
		cmdAwait(ts, false, []string{args[1], ` left: (.*)`, "WHY"})
		if why := ts.Getenv("WHY"); !strings.Contains(why, "(hint: ") {
			ts.Fatalf("%s tells of no hint: %s", args[1], why)
		}
	}
}

// impostor VARIABLE [ANSWER] listens at a port and gives each caller the
// answer, or none, in which case it just keeps silent.
func cmdImpostor(ts *testscript.TestScript, _ bool, args []string) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { _ = ln.Close() })
	ts.Setenv(args[0], ln.Addr().String())
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			if len(args) > 1 {
				_, _ = io.WriteString(conn, strings.ReplaceAll(args[1], `\n`, "\r\n"))
			}
			go func() { _, _ = io.Copy(io.Discard, conn) }()
		}
	}()
}

// crowd ADDRESS N connects N times, and says nothing.
func cmdCrowd(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	for range n {
		conn, err := net.Dial("tcp", args[0])
		ts.Check(err)
		ts.Defer(func() { _ = conn.Close() })
	}
}

// edit rewrites a file.
func edit(ts *testscript.TestScript, name string, f func([]byte) []byte) {
	name = ts.MkAbs(name)
	b, err := os.ReadFile(name)
	ts.Check(err)
	ts.Check(os.WriteFile(name, f(b), 0o600))
}

// flip FILE OFFSET flips a bit, at an offset from the end if it is negative.
func cmdFlip(ts *testscript.TestScript, _ bool, args []string) {
	at, err := strconv.Atoi(args[1])
	ts.Check(err)
	edit(ts, args[0], func(b []byte) []byte {
		if at < 0 {
			at += len(b)
		}
		b[at] ^= 0x10
		return b
	})
}

// chop FILE N takes the last N bytes off a file.
func cmdChop(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	edit(ts, args[0], func(b []byte) []byte { return b[:len(b)-n] })
}

// version FILE N makes a replica's file or a dump one of protocol version N.
func cmdVersion(ts *testscript.TestScript, _ bool, args []string) {
	version, err := strconv.ParseUint(args[1], 10, 8)
	ts.Check(err)
	edit(ts, args[0], func(b []byte) []byte {
		payload, n, err := frame.Parse(b, len(b))
		ts.Check(err)
		header := slices.Clone(payload)
		header[len("weir")] = byte(version)
		return append(frame.Append(nil, header), b[n:]...)
	})
}

// longkey FILE BYTES writes JSON lines, the second with a key of that size.
func cmdLongKey(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	f, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	defer f.Close()
	for _, part := range []string{
		"{\"key\":\"short\",\"value\":1}\n{\"key\":\"", strings.Repeat("k", n), "\",\"value\":2}\n",
	} {
		_, err := f.WriteString(part)
		ts.Check(err)
	}
}

// tmpfs FOLDER SIZE mounts an empty file system of a size there.
func cmdTmpfs(ts *testscript.TestScript, _ bool, args []string) {
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o700))
	ts.Check(exec.Command("mount", "-t", "tmpfs", "-o", "size="+args[1], "tmpfs", dir).Run())
	ts.Defer(func() { ts.Check(exec.Command("umount", dir).Run()) })
}
