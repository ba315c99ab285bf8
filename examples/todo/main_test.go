package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A host is a peer that runs, as a person sees it.
type host struct {
	t    *testing.T
	in   *io.PipeWriter
	out  *bufio.Scanner
	log  *bufio.Scanner
	mute sync.Once
	stop context.CancelFunc
	done chan error
}

func start(t *testing.T, listen, join string) *host {
	ctx, cancel := context.WithCancel(t.Context())
	inR, in := io.Pipe()
	outR, out := io.Pipe()
	logR, log := io.Pipe()
	h := &host{
		t: t, in: in, out: bufio.NewScanner(outR), log: bufio.NewScanner(logR),
		stop: cancel, done: make(chan error, 1),
	}
	go func() {
		err := run(ctx, listen, join, inR, out, log)
		_, _, _ = inR.Close(), out.Close(), log.Close()
		h.done <- err
	}()
	return h
}

func (h *host) typed(line string) {
	h.t.Helper()
	_, err := fmt.Fprintln(h.in, line)
	require.NoError(h.t, err)
}

// shows waits for a line of what is printed.
func (h *host) shows(want string) {
	h.t.Helper()
	for h.out.Scan() {
		if h.out.Text() == want {
			return
		}
	}
	h.t.Fatalf("it ended without %q", want)
}

// says waits for a line of the log that begins so, and returns the rest.
func (h *host) says(begin string) string {
	h.t.Helper()
	for h.log.Scan() {
		if rest, ok := strings.CutPrefix(h.log.Text(), begin); ok {
			return rest
		}
	}
	h.t.Fatalf("it ended without %q", begin)
	return ""
}

// unheard has nobody look at the log any more.
func (h *host) unheard() { h.mute.Do(func() { go drain(h.log) }) }

func drain(s *bufio.Scanner) {
	for s.Scan() {
	}
}

// ends interrupts a peer, which nobody looks at any more.
func (h *host) ends() {
	h.t.Helper()
	h.unheard()
	go drain(h.out)
	h.stop()
	require.ErrorIs(h.t, <-h.done, context.Canceled)
}

// What is typed at one of three in a row is at all of them, and what is moved
// to the one list leaves the other.
func TestListsAreShared(t *testing.T) {
	a := start(t, "127.0.0.1:0", "")
	at := a.says("listening at ")
	b := start(t, "127.0.0.1:0", at)
	c := start(t, "", b.says("listening at "))
	a.says("connected")
	b.says("connected")
	c.says("connected")
	all := []*host{a, b, c}
	for _, h := range all {
		h.unheard()
	}
	for _, step := range []struct {
		by    *host
		typed string
		shown []string
	}{
		{a, "add beer", []string{"todo: 1. beer"}},
		{a, "add reject.js", []string{"todo: 1. beer 2. reject.js"}},
		{c, "move 2 1", []string{"todo: 1. reject.js 2. beer"}},
		{b, "move 1 2", []string{"todo: 1. beer 2. reject.js"}},
		{b, "done 2", []string{"todo: 1. beer"}},
		{c, "edit 1 wine", []string{"todo: 1. wine"}},
		{a, "undo 1", []string{"todo: 1. wine 2. reject.js"}},
		{a, "rm 1", []string{"todo: 1. reject.js"}},
	} {
		step.by.typed(step.typed)
		for _, h := range all {
			for _, line := range step.shown {
				h.shows(line)
			}
		}
	}
	c.typed("done 1")
	for _, h := range all {
		seen := map[string]bool{}
		for !seen["todo:"] || !seen["done: 1. reject.js"] {
			require.True(t, h.out.Scan())
			seen[h.out.Text()] = true
		}
	}
	c.ends()
	a.typed("undo 1")
	b.shows("todo: 1. reject.js")
	b.ends()
	a.ends()
}

// What makes no sense is said, and changes nothing.
func TestNonsense(t *testing.T) {
	h := start(t, "127.0.0.1:0", "")
	h.says("listening at ")
	h.typed("add beer")
	h.shows("todo: 1. beer")
	for typed, said := range map[string]string{
		"done 2":   `there is no number "2" in todo`,
		"done":     `there is no number "" in todo`,
		"undo 1":   `there is no number "1" in done`,
		"move 1 x": `there is no number "x" in todo`,
		"dance 1":  "type add TEXT",
	} {
		h.typed(typed)
		h.says(said)
	}
	h.typed("ls")
	h.shows("todo: 1. beer")
	h.ends()
}

// An address that is taken is an error at once.
func TestAddressTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	var refused *net.OpError
	err = run(t.Context(), taken.Addr().String(), "", strings.NewReader(""), io.Discard, io.Discard)
	require.ErrorAs(t, err, &refused)
}
