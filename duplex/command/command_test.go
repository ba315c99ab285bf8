package command_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/duplex/command"
	"github.com/weir-go/weir/pull"
)

type chunks = duplex.Duplex[[]byte, []byte]

var errBoom = errors.New("boom")

// shell is the duplex of a script, and its command.
func shell(t *testing.T, script string) (chunks, *exec.Cmd) {
	t.Helper()
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("needs a shell")
	}
	cmd := exec.Command(sh, "-c", script)
	t.Cleanup(func() {
		if cmd.Process != nil {
			assert.NotNil(t, cmd.ProcessState, "the child was not waited for")
		}
	})
	return command.New(cmd), cmd
}

func async(f func() error) (result func() error) {
	c := make(chan error, 1)
	go func() { c <- f() }()
	return func() error { return <-c }
}

func second[T any](_ T, err error) error { return err }

func collect(ctx context.Context, src pull.Source[[]byte]) (string, error) {
	got, err := pull.Collect(ctx, src)
	return string(bytes.Join(got, nil)), err
}

func canceled(cause error) context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(cause)
	return ctx
}

// stalled gives head, then nothing until it is aborted, and says so then.
func stalled(head string, aborted *error) pull.Source[[]byte] {
	return pull.From(func(ctx context.Context) ([]byte, error) {
		if head != "" {
			b := []byte(head)
			head = ""
			return b, nil
		}
		<-ctx.Done()
		return nil, pull.Cause(ctx)
	}, func(cause error) error {
		*aborted = cause
		return nil
	})
}

// endless gives data for ever.
func endless(ctx context.Context) ([]byte, error) {
	if ctx.Err() != nil {
		return nil, pull.Cause(ctx)
	}
	return make([]byte, 4096), nil
}

func TestCarriesBothWays(t *testing.T) {
	d, _ := shell(t, "cat")
	big := strings.Repeat("0123456789abcdef", 1<<16)
	sent := async(func() error { return d.Sink(t.Context(), pull.Values([]byte(big), []byte("end"))) })
	got, err := collect(t.Context(), d.Source)
	require.NoError(t, err)
	assert.True(t, big+"end" == got)
	require.NoError(t, sent())
	assert.Equal(t, io.EOF, second(d.Source(t.Context())), "final")
}

func TestNothingStartsBeforeTheFirstCall(t *testing.T) {
	d, cmd := shell(t, "exit 1")
	assert.NoError(t, d.Close(nil))
	assert.Nil(t, cmd.Process)
	assert.Equal(t, pull.ErrStopped, second(d.Source(t.Context())))

	d, cmd = shell(t, "cat")
	var aborted error
	assert.Equal(t, errBoom, d.Sink(canceled(errBoom), stalled("x", &aborted)))
	assert.Equal(t, errBoom, aborted)
	err := second(d.Source(t.Context()))
	assert.ErrorIs(t, err, errBoom, "an empty input must not look complete")
	assert.Nil(t, cmd.Process)
}

func TestExitStatus(t *testing.T) {
	d, _ := shell(t, "echo out; echo first >&2; echo 'last one' >&2; exit 3")
	got, err := collect(t.Context(), d.Source)
	assert.Equal(t, "out\n", got)
	var exit *command.ExitError
	require.ErrorAs(t, err, &exit)
	assert.Equal(t, 3, exit.Status)
	assert.Equal(t, "exit status 3", exit.Reason)
	assert.Equal(t, "first\nlast one\n", string(exit.Stderr))
	assert.Contains(t, exit.Command, "sh -c echo out")
	assert.Contains(t, exit.Error(), `: exit status 3: "last one"`)
	assert.NoError(t, exit.Unwrap())
	require.NoError(t, d.Close(nil))
}

func TestDeathIsNoEnd(t *testing.T) {
	d, _ := shell(t, "echo out; kill -9 $$")
	got, err := collect(t.Context(), d.Source)
	assert.Equal(t, "out\n", got)
	var exit *command.ExitError
	require.ErrorAs(t, err, &exit)
	assert.Equal(t, -1, exit.Status)
	assert.Equal(t, "signal: killed", exit.Reason)
	require.NoError(t, d.Close(nil))
}

func TestStderr(t *testing.T) {
	t.Run("only its tail is kept", func(t *testing.T) {
		d, _ := shell(t, "i=0; while [ $i -lt 2000 ]; do echo line $i >&2; i=$((i+1)); done; exit 1")
		_, err := collect(t.Context(), d.Source)
		var exit *command.ExitError
		require.ErrorAs(t, err, &exit)
		assert.Len(t, exit.Stderr, 4096)
		assert.True(t, bytes.HasSuffix(exit.Stderr, []byte("line 1998\nline 1999\n")))
		require.NoError(t, d.Close(nil))
	})
	t.Run("redirected", func(t *testing.T) {
		d, cmd := shell(t, "echo oops >&2; exit 1")
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		_, err := collect(t.Context(), d.Source)
		var exit *command.ExitError
		require.ErrorAs(t, err, &exit)
		assert.Nil(t, exit.Stderr)
		assert.Equal(t, "oops\n", stderr.String())
		require.NoError(t, d.Close(nil))
	})
}

func TestCannotStart(t *testing.T) {
	d := command.New(exec.Command(filepath.Join(t.TempDir(), "none")))
	var aborted error
	err := d.Sink(t.Context(), stalled("x", &aborted))
	assert.ErrorIs(t, err, os.ErrNotExist)
	assert.Equal(t, err, aborted)
	assert.Equal(t, err, second(d.Source(t.Context())))

	cmd := exec.Command("sh")
	cmd.Stdout = &bytes.Buffer{}
	assert.Equal(t, command.ErrRedirected, second(command.New(cmd).Source(t.Context())))
}

func TestAbortedSourceLeavesTheSink(t *testing.T) {
	file := filepath.Join(t.TempDir(), "f")
	d, cmd := shell(t, "echo ready; cat > "+file)
	require.NoError(t, second(d.Source(t.Context())))
	require.NoError(t, pull.Abort(d.Source, errBoom))
	require.NoError(t, d.Sink(t.Context(), pull.Values([]byte("still here"))))
	assert.True(t, cmd.ProcessState.Success(), "its stdin had ended: it may take its time")
	got, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, "still here", string(got))
}

func TestAbortWhileBlocked(t *testing.T) {
	d, cmd := shell(t, "echo ready; exec sleep 1000")
	ctx, cancel := context.WithCancelCause(t.Context())
	require.NoError(t, second(d.Source(ctx)))
	reading := async(func() error { return second(d.Source(ctx)) })
	cancel(errBoom)
	assert.Equal(t, errBoom, reading())
	assert.Nil(t, cmd.ProcessState, "the sink's half keeps it")
	require.NoError(t, d.Close(nil))
	assert.Equal(t, "signal: terminated", cmd.ProcessState.String())
}

func TestAbortWhileTheChildTakesItsTime(t *testing.T) {
	d, cmd := shell(t, "echo ready; exec 1>&-; echo closed >&2; exec sleep 1000")
	said := make(said, 1)
	cmd.Stderr = said
	require.NoError(t, second(d.Source(t.Context())))
	<-said
	ctx, cancel := context.WithTimeoutCause(t.Context(), 100*time.Millisecond, errBoom)
	defer cancel()
	assert.Equal(t, errBoom, second(d.Source(ctx)), "stdout is closed, which is not yet the end")
	require.NoError(t, d.Close(nil))
}

// said is told when something is written to it.
type said chan struct{}

func (s said) Write(b []byte) (int, error) {
	s <- struct{}{}
	return len(b), nil
}

func TestAbortedSourceClosesStdout(t *testing.T) {
	for name, reads := range map[string]int{"before the start": 0, "between calls": 1} {
		t.Run(name, func(t *testing.T) {
			d, _ := shell(t, "while echo x; do :; done")
			for range reads {
				require.NoError(t, second(d.Source(t.Context())))
			}
			require.NoError(t, pull.Abort(d.Source, nil))
			var aborted error
			assert.Equal(t, pull.ErrStopped, d.Sink(t.Context(), stalled("", &aborted)),
				"the child has nobody to write to, and exits")
		})
	}
}

func TestFailedSinkEndsTheChildBeforeStdin(t *testing.T) {
	dir := t.TempDir()
	// If stdin ended first, this child would take it for the end and commit.
	d, cmd := shell(t, "trap '' TERM; cd "+dir+"; echo ready; cat > part; mv part whole")
	require.NoError(t, second(d.Source(t.Context())))
	assert.Equal(t, errBoom, d.Sink(t.Context(), pull.Error[[]byte](errBoom)))
	assert.Equal(t, "signal: killed", cmd.ProcessState.String(), "it would not be terminated")
	assert.NoFileExists(t, filepath.Join(dir, "whole"))

	err := second(d.Source(t.Context()))
	var exit *command.ExitError
	require.ErrorAs(t, err, &exit)
	assert.ErrorIs(t, err, errBoom)
	assert.Contains(t, err.Error(), "terminated because: boom")
}

func TestTerminatedChildIsNoEndThoughItExitsWithZero(t *testing.T) {
	d, _ := shell(t, "trap 'exit 0' TERM; echo ready; while :; do sleep 0.1; done")
	require.NoError(t, second(d.Source(t.Context())))
	assert.Equal(t, errBoom, d.Sink(t.Context(), pull.Error[[]byte](errBoom)))
	var exit *command.ExitError
	require.ErrorAs(t, second(d.Source(t.Context())), &exit)
	assert.Zero(t, exit.Status)
	assert.Equal(t, errBoom, exit.Cause)
}

func TestCancelledSink(t *testing.T) {
	for name, src := range map[string]pull.Source[[]byte]{
		"in its source": stalled("x", new(error)),
		"in a write":    endless, // which fills the pipe
	} {
		t.Run(name, func(t *testing.T) {
			d, cmd := shell(t, "echo ready; exec sleep 1000")
			require.NoError(t, second(d.Source(t.Context())))
			ctx, cancel := context.WithCancelCause(t.Context())
			called := make(chan struct{}, 1<<20)
			sent := async(func() error {
				return d.Sink(ctx, func(ctx context.Context) ([]byte, error) {
					called <- struct{}{}
					return src(ctx)
				})
			})
			<-called
			cancel(errBoom)
			assert.Equal(t, errBoom, sent())
			assert.Equal(t, "signal: terminated", cmd.ProcessState.String())
			assert.ErrorIs(t, second(d.Source(t.Context())), errBoom)
		})
	}
}

func TestChildThatReadsNoMoreStopsTheSink(t *testing.T) {
	for name, script := range map[string]string{
		"exits":        "head -c 3",
		"closes stdin": "head -c 3; exec 0<&-; sleep 0.2",
	} {
		for kind, src := range map[string]func(*error) pull.Source[[]byte]{
			"stalled": func(aborted *error) pull.Source[[]byte] { return stalled("abcdef", aborted) },
			"endless": func(aborted *error) pull.Source[[]byte] {
				return pull.From(endless, func(cause error) error {
					*aborted = cause
					return nil
				})
			},
		} {
			t.Run(name+" "+kind, func(t *testing.T) {
				d, _ := shell(t, script)
				var aborted error
				sent := async(func() error { return d.Sink(t.Context(), src(&aborted)) })
				got, err := collect(t.Context(), d.Source)
				require.NoError(t, err)
				assert.Len(t, got, 3)
				assert.Equal(t, pull.ErrStopped, sent())
				assert.Equal(t, pull.ErrStopped, aborted)
			})
		}
	}
}

func TestSinkOfAChildThatHasExited(t *testing.T) {
	d, _ := shell(t, "exit 0")
	require.Equal(t, io.EOF, second(d.Source(t.Context())))
	var aborted error
	assert.Equal(t, pull.ErrStopped, d.Sink(t.Context(), stalled("", &aborted)))
	assert.Equal(t, pull.ErrStopped, aborted)
}

func TestConnectGetsTheExitStatus(t *testing.T) {
	a, inA := duplex.Pair[[]byte, []byte]()
	child, _ := shell(t, "head -c 3; echo no space >&2; exit 7")
	connected := async(func() error { return duplex.Connect(t.Context(), inA, child) })
	sent := async(func() error { return a.Sink(t.Context(), endless) })
	_, err := collect(t.Context(), a.Source)
	var exit *command.ExitError
	require.ErrorAs(t, err, &exit)
	assert.Equal(t, 7, exit.Status)
	assert.Equal(t, error(exit), connected())
	assert.Error(t, sent())
}

func TestConnectTwoChildren(t *testing.T) {
	// Each answers the other's lines: two programs wired crosswise.
	a, _ := shell(t, `echo 1; read x; [ "$x" = 2 ] || exit 1; echo 3; cat > /dev/null`)
	b, _ := shell(t, `read x; [ "$x" = 1 ] || exit 1; echo 2; read x; [ "$x" = 3 ] || exit 2`)
	require.NoError(t, duplex.Connect(t.Context(), a, b))
}

func TestOverlap(t *testing.T) {
	d, _ := shell(t, "exec sleep 1000")
	ctx, cancel := context.WithCancelCause(t.Context())
	errs := make(chan error, 2)
	for range 2 {
		go func() { errs <- second(d.Source(ctx)) }()
	}
	assert.Equal(t, pull.ErrOverlap, <-errs, "one of them was second")
	cancel(errBoom)
	assert.Equal(t, errBoom, <-errs)
	require.NoError(t, d.Close(nil))
}

func TestSinkIsUsedOnce(t *testing.T) {
	d, _ := shell(t, "cat")
	require.NoError(t, d.Sink(t.Context(), pull.Values([]byte("x"))))
	var aborted error
	assert.Equal(t, duplex.ErrUsed, d.Sink(t.Context(), stalled("y", &aborted)))
	assert.Equal(t, duplex.ErrUsed, aborted)
	got, err := collect(t.Context(), d.Source)
	require.NoError(t, err)
	assert.Equal(t, "x", got)
}

func TestPanickingSourceTerminates(t *testing.T) {
	d, _ := shell(t, "echo ready; exec sleep 1000")
	require.NoError(t, second(d.Source(t.Context())))
	n := 0
	src := func(ctx context.Context) ([]byte, error) {
		if n++; n > 1 {
			return nil, pull.Cause(ctx)
		}
		panic(errBoom)
	}
	assert.PanicsWithValue(t, errBoom, func() { _ = d.Sink(t.Context(), src) })
	assert.ErrorIs(t, second(d.Source(t.Context())), errBoom)
}

func TestContextOfTheCommand(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	d := command.New(exec.CommandContext(ctx, "sleep", "1000"))
	reading := async(func() error { return second(d.Source(t.Context())) })
	cancel()
	require.Error(t, reading())
	require.NoError(t, d.Close(nil))
}

func TestGrandchildHoldsNothingUp(t *testing.T) {
	d, _ := shell(t, "sleep 1000 >&- & echo $!")
	got, err := collect(t.Context(), d.Source)
	require.NoError(t, err)
	require.NoError(t, d.Close(nil))
	pid, err := strconv.Atoi(strings.TrimSpace(got))
	require.NoError(t, err)
	grandchild, err := os.FindProcess(pid)
	require.NoError(t, err)
	require.NoError(t, grandchild.Kill())
}
