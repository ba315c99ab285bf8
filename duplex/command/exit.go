package command

import (
	"fmt"
	"os/exec"
	"strings"
	"sync"
)

// An ExitError says how a child ended that did not end well.
type ExitError struct {
	Command string // its arguments, joined by spaces
	Status  int    // its exit status; -1 if a signal ended it
	Reason  string // the same in words, such as "signal: killed"
	Stderr  []byte // the last 4 KiB of stderr at most; nil if it was redirected
	Cause   error  // why it was terminated by its sink; nil if it ended by itself
}

func newExitError(cmd *exec.Cmd, stderr *tail, cause error) *ExitError {
	return &ExitError{
		Command: strings.Join(cmd.Args, " "),
		Status:  cmd.ProcessState.ExitCode(),
		Reason:  cmd.ProcessState.String(),
		Stderr:  stderr.bytes(),
		Cause:   cause,
	}
}

// Error returns the command, how it ended, why, and its last line on stderr,
// quoted.
func (e *ExitError) Error() string {
	s := fmt.Sprintf("command: %s: %s", e.Command, e.Reason)
	if e.Cause != nil {
		s += fmt.Sprintf(" (terminated because: %v)", e.Cause)
	}
	if line := lastLine(e.Stderr); line != "" {
		s += fmt.Sprintf(": %q", line)
	}
	return s
}

// Unwrap returns Cause.
func (e *ExitError) Unwrap() error { return e.Cause }

// maxLine is how much of a line stands in an error.
const maxLine = 200

func lastLine(b []byte) string {
	s := strings.TrimSpace(string(b))
	s = strings.TrimSpace(s[strings.LastIndexByte(s, '\n')+1:])
	return s[:min(len(s), maxLine)]
}

// tailSize is how much of stderr is kept.
const tailSize = 4 << 10

// tail keeps the last tailSize bytes written to it.
type tail struct {
	mu   sync.Mutex
	kept []byte
}

// Write never fails.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, b[max(0, len(b)-tailSize):]...)
	if over := len(t.kept) - tailSize; over > 0 {
		t.kept = append(t.kept[:0], t.kept[over:]...)
	}
	return len(b), nil
}

// bytes returns a copy of what is kept; nil for a nil tail.
func (t *tail) bytes() []byte {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]byte{}, t.kept...)
}
