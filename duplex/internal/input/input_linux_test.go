package input_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/duplex/internal/input"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
)

// file is a descriptor as a process inherits it: without deadlines.
func file(t testing.TB, fd int) *os.File {
	f := os.NewFile(uintptr(fd), "inherited")
	require.ErrorIs(t, f.SetReadDeadline(time.Now()), os.ErrNoDeadline)
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func pipe(t testing.TB) (in, out *os.File) {
	var fds [2]int
	require.NoError(t, syscall.Pipe2(fds[:], syscall.O_CLOEXEC))
	return file(t, fds[0]), file(t, fds[1])
}

func sockets(t testing.TB) (in, out *os.File) {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	return file(t, fds[0]), file(t, fds[1])
}

// terminal is a terminal, and what types there.
func terminal(t testing.TB) (in, keys *os.File) {
	master, err := syscall.Open("/dev/ptmx", syscall.O_RDWR|syscall.O_NOCTTY|syscall.O_CLOEXEC, 0)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission) {
		t.Skip("no terminals here: ", err)
	}
	require.NoError(t, err)
	keys = file(t, master)
	var n, unlock int32
	ioctl(t, master, syscall.TIOCSPTLCK, &unlock)
	ioctl(t, master, syscall.TIOCGPTN, &n)
	slave, err := syscall.Open(filepath.Join("/dev/pts", strconv.Itoa(int(n))),
		syscall.O_RDWR|syscall.O_NOCTTY|syscall.O_CLOEXEC, 0)
	require.NoError(t, err)
	return file(t, slave), keys
}

func ioctl(t testing.TB, fd, request int, v *int32) {
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), uintptr(request),
		uintptr(unsafe.Pointer(v)))
	require.Zero(t, errno)
}

var kinds = map[string]func(testing.TB) (in, out *os.File){
	"pipe": pipe, "socket": sockets, "terminal": terminal,
}

// soon is a context that is done in a moment.
func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeoutCause(t.Context(), 20*time.Millisecond, assert.AnError)
	t.Cleanup(cancel)
	return ctx
}

func flags(t *testing.T, f *os.File) (flags uintptr) {
	c, err := f.SyscallConn()
	require.NoError(t, err)
	require.NoError(t, c.Control(func(fd uintptr) {
		var errno syscall.Errno
		flags, _, errno = syscall.Syscall(syscall.SYS_FCNTL, fd, syscall.F_GETFL, 0)
		require.Zero(t, errno)
	}))
	return flags
}

// descriptors is how many this process has open.
func descriptors(t *testing.T) int {
	all, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return len(all)
}

// An idle input is interrupted, and what comes later is for who reads next.
func TestInterrupted(t *testing.T) {
	for name, open := range kinds {
		t.Run(name, func(t *testing.T) {
			in, out := open(t)
			before, had := flags(t, in), descriptors(t)
			src := input.Of(in)
			_, err := out.WriteString("hello\n")
			require.NoError(t, err)
			got, err := src(t.Context())
			require.NoError(t, err)
			assert.Equal(t, "hello\n", string(got))
			assert.Equal(t, had+2, descriptors(t))
			_, err = src(soon(t))
			require.Equal(t, assert.AnError, err)
			_, err = src(t.Context())
			assert.Equal(t, assert.AnError, err)
			assert.Equal(t, before, flags(t, in), "of the others' file")
			assert.Equal(t, had, descriptors(t))

			_, err = out.WriteString("again\n")
			require.NoError(t, err)
			next := input.Of(in)
			got, err = next(t.Context())
			require.NoError(t, err)
			assert.Equal(t, "again\n", string(got))
			require.NoError(t, pull.Abort(next, nil))
		})
	}
}

// What waits is interrupted at once, and nothing is lost of what is there.
func TestAbortedWithInput(t *testing.T) {
	in, out := pipe(t)
	_, err := out.WriteString("kept")
	require.NoError(t, err)
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(assert.AnError)
	_, err = input.Of(in)(ctx)
	require.Equal(t, assert.AnError, err)
	got := make([]byte, 9)
	n, err := in.Read(got)
	require.NoError(t, err)
	assert.Equal(t, "kept", string(got[:n]))
}

func TestTerminalEnds(t *testing.T) {
	in, keys := terminal(t)
	_, err := keys.WriteString("a\n\x04") // Ctrl-D
	require.NoError(t, err)
	got, err := pull.Collect(t.Context(), input.Of(in))
	require.NoError(t, err)
	require.Len(t, got, 1)
	assert.Equal(t, "a\n", string(got[0]))
}

func TestRegularFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	text := strings.Repeat("0123456789", 10_000)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	f, err := os.Open(path)
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	got, err := pull.Collect(t.Context(), input.Of(f))
	require.NoError(t, err)
	var all strings.Builder
	for _, chunk := range got {
		all.Write(chunk)
	}
	assert.Equal(t, text, all.String())
}

// What cannot be waited for is read, which says why.
func TestUnreadable(t *testing.T) {
	in, _ := pipe(t)
	src := input.Of(in)
	require.NoError(t, in.Close())
	_, err := src(t.Context())
	assert.ErrorIs(t, err, os.ErrClosed)
	dir, err := os.Open(t.TempDir())
	require.NoError(t, err)
	defer func() { require.NoError(t, dir.Close()) }()
	_, err = input.Of(dir)(t.Context())
	assert.ErrorIs(t, err, syscall.EISDIR)
}

func TestConformance(t *testing.T) {
	for name, open := range kinds {
		for _, stalls := range []bool{true, false} {
			if name == "terminal" && !stalls { // it has no end that stays
				continue
			}
			t.Run(name+" stalls "+strconv.FormatBool(stalls), func(t *testing.T) {
				pulltest.Source(t, func() pull.Source[[]byte] {
					in, out := open(t)
					_, _ = out.WriteString("hello\n")
					if !stalls {
						_ = out.Close()
					}
					return input.Of(in)
				}, pulltest.SourceOptions[[]byte]{
					Want: [][]byte{[]byte("hello\n")}, Stalls: stalls, RealTime: true,
				})
			})
		}
	}
}
