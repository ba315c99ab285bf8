//go:build unix

package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A block of console is a session of a shell: lines with a prompt are typed,
// the others are what is printed on stdout. All blocks share a folder.
func TestReadmeSessions(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_RUNTIME_DIR", dir)
	t.Setenv("GORACE", "atexit_sleep_ms=0") // else each weir takes a second to exit
	port := freePort(t)
	for _, f := range fencesOf(t, "console") {
		s := &terminal{t: t, dir: dir}
		for typed, want := range typedLines(f.code) {
			s.enter(strings.ReplaceAll(typed, ":8000", ":"+port), want)
		}
		s.close()
	}
}

// typedLines are the commands of a session, each with what it prints.
func typedLines(code string) func(yield func(typed, want string) bool) {
	return func(yield func(string, string) bool) {
		for part := range strings.SplitSeq("\n"+code, "\n$ ") {
			typed, want, _ := strings.Cut(strings.TrimSpace(part), "\n")
			if typed != "" && !yield(typed, want) {
				return
			}
		}
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	_, port, err := net.SplitHostPort(ln.Addr().String())
	require.NoError(t, err)
	return port
}

// A terminal is where a session is typed.
type terminal struct {
	t    *testing.T
	dir  string
	jobs []*exec.Cmd
}

var background = regexp.MustCompile(`&\s*(#.*)?$`)

func (s *terminal) enter(typed, want string) {
	s.t.Helper()
	if at := background.FindStringIndex(typed); at != nil {
		s.start(typed[:at[0]])
		return
	}
	// What peers exchange is there a moment later: whoever types is slower.
	patience := time.NewTimer(10 * time.Second)
	defer patience.Stop()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		got := strings.TrimSpace(s.run(typed))
		if got == want {
			return
		}
		if len(s.jobs) == 0 || !strings.HasPrefix(typed, "weir get ") {
			require.Equal(s.t, want, got, typed)
		}
		select {
		case <-again.C:
		case <-patience.C:
			require.Equal(s.t, want, got, typed)
		}
	}
}

func (s *terminal) command(text string) *exec.Cmd {
	// A context of its own, as that of the test is done before close.
	cmd := exec.CommandContext(context.WithoutCancel(s.t.Context()), "sh", "-c", text)
	cmd.Dir = s.dir
	return cmd
}

func (s *terminal) run(typed string) string {
	s.t.Helper()
	cmd := s.command(typed)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(s.t, err, "%s\n%s", typed, stderr.String())
	return string(out)
}

// start starts a peer and waits until it says that it is ready.
func (s *terminal) start(typed string) {
	s.t.Helper()
	cmd := s.command("exec " + typed)
	stderr, err := cmd.StderrPipe()
	require.NoError(s.t, err)
	require.NoError(s.t, cmd.Start())
	s.t.Cleanup(func() { _ = cmd.Process.Kill() })
	s.jobs = append(s.jobs, cmd)
	ready := make(chan bool, 1)
	go func() {
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			if regexp.MustCompile(`^(listening on|in sync with) `).MatchString(lines.Text()) {
				ready <- true
				_, _ = io.Copy(io.Discard, stderr)
			}
		}
		ready <- false
	}()
	select {
	case ok := <-ready:
		require.True(s.t, ok, "%s ended", typed)
	case <-time.After(10 * time.Second):
		require.Fail(s.t, "no peer", typed)
	}
}

// close ends what was left running: in good order.
func (s *terminal) close() {
	for _, cmd := range s.jobs {
		require.NoError(s.t, cmd.Process.Signal(os.Signal(syscall.SIGTERM)))
	}
	for _, cmd := range s.jobs {
		assert.NoError(s.t, cmd.Wait(), "%s", cmd.Args)
	}
}
