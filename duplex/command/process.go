package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"github.com/weir-go/weir/duplex/internal/guard"
	"github.com/weir-go/weir/pull"
)

// process is what both halves share.
type process struct {
	cmd    *exec.Cmd
	in     *os.File // the child's stdin; set by a start that went well, as out is
	out    *os.File // its stdout
	stderr *tail    // nil if stderr is redirected
	busy   guard.Token
	used   guard.Token

	exited  chan struct{} // closed when the child was waited for
	waitErr error         // set before that

	mu      sync.Mutex
	open    int                     // halves that have not ended
	tried   bool                    // to start, or never to be started
	err     error                   // why there is no child
	running bool                    // there is one, or was
	deaf    bool                    // stdout is closed, or will be at the start
	refused bool                    // the child closed its stdin
	ended   bool                    // stdin was closed because all was written
	cause   error                   // why we terminated it
	stop    context.CancelCauseFunc // of the running sink; nil if there is none
}

// begin starts the child unless that was tried before.
func (p *process) begin() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.tried {
		p.tried = true
		p.err = p.start()
		p.running = p.err == nil
	}
	return p.err
}

// forbid keeps a child that was not started from ever being, and reports
// whether it came in time.
func (p *process) forbid(cause error) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.tried {
		p.tried = true
		p.err = fmt.Errorf("command: not started: %w", cause)
	}
	return !p.running
}

func (p *process) start() (err error) {
	if p.cmd.Stdin != nil || p.cmd.Stdout != nil {
		return ErrRedirected
	}
	stdin, in, err := os.Pipe()
	if err != nil {
		return err
	}
	defer stdin.Close()
	out, stdout, err := os.Pipe()
	if err != nil {
		in.Close()
		return err
	}
	defer stdout.Close()
	p.cmd.Stdin, p.cmd.Stdout = stdin, stdout
	delay := grace
	if p.cmd.Stderr == nil {
		p.stderr, delay = &tail{}, tailDelay
		p.cmd.Stderr = p.stderr
	}
	if p.cmd.WaitDelay == 0 {
		p.cmd.WaitDelay = delay
	}
	if err := p.cmd.Start(); err != nil {
		in.Close()
		out.Close()
		return err
	}
	p.in, p.out = in, out
	if p.deaf {
		out.Close()
	}
	go p.wait()
	return nil
}

// wait runs until the child has exited, then stops a sink that has nobody to
// write to any more.
func (p *process) wait() {
	p.waitErr = p.cmd.Wait()
	close(p.exited)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stop != nil {
		p.stop(pull.ErrStopped)
	}
}

// setStop says how to stop the sink, and does it if the child has exited.
func (p *process) setStop(stop context.CancelCauseFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stop = stop
	if stop != nil && p.exitedWithin(0) {
		stop(pull.ErrStopped)
	}
}

// half ends one half; the last one ends the child.
func (p *process) half() {
	p.mu.Lock()
	p.open--
	last, patience := p.open == 0 && p.running, time.Duration(0)
	if p.ended {
		patience = grace
	}
	p.mu.Unlock()
	if last {
		p.terminate(patience)
	}
}

// terminate ends the child unless it does so itself for as long as patience,
// and returns when it has exited. It may be called more than once.
func (p *process) terminate(patience time.Duration) {
	if p.exitedWithin(patience) {
		return
	}
	if p.cmd.Process.Signal(syscall.SIGTERM) == nil && p.exitedWithin(grace) {
		return
	}
	_ = p.cmd.Process.Kill() // fails only if it has exited
	<-p.exited
}

func (p *process) exitedWithin(d time.Duration) bool {
	select {
	case <-p.exited:
		return true
	default:
	}
	if d == 0 {
		return false
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-p.exited:
		return true
	case <-timer.C:
		return false
	}
}

// status is what the source ends with once the child has exited.
func (p *process) status() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var exit *exec.ExitError
	cause := p.cause
	switch {
	case cause != nil || errors.As(p.waitErr, &exit):
	case p.waitErr == nil || errors.Is(p.waitErr, exec.ErrWaitDelay):
		return nil
	default:
		cause = p.waitErr // the context of cmd, say
	}
	return newExitError(p.cmd, p.stderr, cause)
}
