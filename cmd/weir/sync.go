package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/duplex/command"
	"github.com/weir-go/weir/duplex/secure"
	"github.com/weir-go/weir/replicate"
)

func syncCommand(e *env) *cobra.Command {
	g, l, only := &gate{e: e}, &limits{}, []string(nil)
	c := &cobra.Command{
		Use:   "sync R TARGET",
		Short: "Exchange what is missing with another replica, once",
		Long: `Exchanges what R and another replica miss of each other, and ends when both
have it on disk. TARGET is

  FILE                    another replica file
  tcp://HOST:PORT         what a weir peer listens with there
  tcp://HOST:PORT/NAME    one of several that a weir serve has there
  unix:PATH               the same at a Unix socket; unix:PATH//NAME
  exec:COMMAND            a command, run by sh -c, whose stdin and stdout is
                          the peer
  -                       the peer at our own stdin and stdout

Over TCP both ends are encrypted, and must know each other: by weir trust, by
--peer, or as the same user. Of a peer that is not known weir asks on a
terminal, and otherwise refuses. The other targets stay in the clear.

With --only R is sent a part of the other replica, and that one all of R: to send
less, use weir peer --allow.
` + onlyText + "\n" + rateText + "\n" + durabilityText,
		Example: `  weir sync a b
  weir sync a tcp://192.168.1.2:8000
  weir sync a 'exec:ssh host weir sync b -' --limit rate=1MB/s
  weir sync a b --only /user. --only todo`,
		Args: args(2, 2),
	}
	onlyFlag(c, &only)
	resync := resyncFlag(c)
	gateFlags(c, g)
	rateFlag(c, l)
	fsyncFlag(c, e)
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := g.open(c); err != nil {
			return err
		}
		rules, err := parseParts(only)
		if err != nil {
			return err
		}
		l.begin()
		r := e.open(args[0])
		r.limits, r.gate = l, g
		err = e.sync(c.Context(), g, r, request{Op: "session", Only: rules, Resync: *resync}, only, args[1])
		return kept(err, "what had arrived is kept: sync again for the rest")
	}
	return c
}

func (e *env) sync(
	ctx context.Context, g *gate, r *replicaFile, q request, only []string, target string,
) error {
	scheme, rest, hasScheme := strings.Cut(target, ":")
	c := &call{request: q}
	c.note = e.syncNote(only, target)
	var err error
	switch {
	case target == "-":
		err = e.syncStdio(ctx, r, c)
	case hasScheme && (scheme == "tcp" || scheme == "unix"):
		err = e.syncPeer(ctx, g, r, c, target)
	case hasScheme && scheme == "exec" && strings.TrimSpace(rest) == "":
		err = fail(exitUsage, "weir sync R 'exec:weir sync OTHER -'", "exec: without a command")
	case hasScheme && scheme == "exec":
		err = e.syncExec(ctx, r, c, rest)
	case hasScheme && strings.HasPrefix(rest, "//"):
		err = fail(exitUsage, "TARGET is a file, tcp://HOST:PORT, unix:PATH, exec:COMMAND or -",
			"unknown kind of target %q", scheme)
	case hasScheme && isAddress(target):
		err = fail(exitNoReplica, "'weir sync R tcp://"+escape(target)+"' reaches the peer that listens there",
			"no replica at %s", target)
	default:
		return e.syncFile(ctx, r, c, target)
	}
	return firstError(err, r.close(ctx))
}

// isAddress reports whether a target is HOST:PORT, and no file that is called so.
func isAddress(target string) bool {
	_, port, err := net.SplitHostPort(target)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err == nil {
		_, err = os.Lstat(target)
		return errors.Is(err, fs.ErrNotExist)
	}
	return false
}

// syncNote prints the summary: as text to stderr, as JSON to stdout, unless
// that is the way to the peer.
func (e *env) syncNote(only []string, target string) func(context.Context, note) {
	return func(_ context.Context, n note) {
		s := n.Stats
		switch {
		case n.Event == "unseen":
			e.say("not taken over: %s", n.Lost)
		case n.Event == "unmet":
			n.Label, n.Count = only[n.Count], 0
			e.tell(n, "note: --only %s: nothing of that was sent, nor is here", n.Label)
		case s == nil:
		case e.out.JSON && target == "-":
			_, _ = e.stderr.Write(line(s))
		case e.out.JSON:
			_, _ = e.stdout.Write(line(s))
		default:
			e.say("sent %s (%d bytes), received %d (%d bytes), %d of them new, in %.2f s",
				plural(s.SentUpdates, "update"), s.SentBytes, s.ReceivedUpdates, s.ReceivedBytes, s.Applied, s.Seconds)
		}
	}
}

func (e *env) syncStdio(ctx context.Context, r *replicaFile, c *call) error {
	if e.out.Terminal {
		return binary("- is for being run by another weir: weir sync OTHER 'exec:weir sync R -'")
	}
	d := r.limits.paced(duplex.Duplex[[]byte, []byte]{Source: e.input(), Sink: e.peerOutput()})
	c.in, c.out = d.Source, d.Sink
	return at("stdin", r.do(ctx, c))
}

// syncPeer syncs with a peer that listens.
func (e *env) syncPeer(ctx context.Context, g *gate, r *replicaFile, c *call, target string) error {
	a, err := parseAddress(target)
	if err != nil {
		return err
	}
	if err := r.ready(ctx); err != nil {
		return err
	}
	l, err := g.dial(ctx, a, r.path)
	var unknown *failure
	if errors.Is(err, secure.ErrRefused) && errors.As(err, &unknown) && unknown.Code == exitIdentity {
		unknown.Hint += ", or they are being asked: run it again"
	}
	if err != nil {
		return at(target, err)
	}
	defer l.leave(ctx)
	stream, err := l.openSync(ctx, a.name)
	if err != nil {
		return at(target, err)
	}
	c.Peer, c.Stranger = l.peer, g.insecure && a.network == "tcp"
	return at(target, r.sync(ctx, c, telling(stream.Duplex())))
}

func (e *env) syncExec(ctx context.Context, r *replicaFile, c *call, text string) error {
	if err := r.ready(ctx); err != nil {
		return err
	}
	cmd := exec.Command("sh", "-c", text)
	cmd.Stderr = e.stderr
	return at("exec:"+text, r.sync(ctx, c, command.New(cmd)))
}

// syncFile syncs with another file. Files are opened in the order of their
// names, so that two commands which name the same two do not wait for each
// other.
func (e *env) syncFile(ctx context.Context, r *replicaFile, c *call, path string) error {
	if sameFile(r.path, path) {
		return fail(exitIdentity, "name another one", "%s and %s are the same file", r.path, path)
	}
	other := e.open(path)
	first, second := r, other
	if absolute(path) < absolute(r.path) {
		first, second = other, r
	}
	err := first.ready(ctx)
	if err == nil {
		err = second.ready(ctx)
	}
	if err == nil {
		err = syncBoth(ctx, r, other, c)
	}
	return firstError(err, r.close(ctx), other.close(ctx))
}

// syncBoth joins two replicas in memory.
func syncBoth(ctx context.Context, r, other *replicaFile, c *call) error {
	mine, theirs := duplex.Pair[[]byte, []byte]()
	result := make(chan error, 1)
	go func() {
		passive := &call{request: request{Op: "session"}}
		result <- other.sync(ctx, passive, theirs)
	}()
	err := r.sync(ctx, c, mine)
	otherErr := <-result
	if behind := orderOf(r.path, other.path, err, otherErr); behind != nil {
		return behind
	}
	if otherErr != nil && (err == nil || echoes(err, otherErr)) {
		return at(other.path, otherErr)
	}
	return at(r.path, err)
}

// orderOf says which of two files must take everything anew from the other, if
// that is what their errors are about.
func orderOf(path, other string, err, otherErr error) error {
	behind, ahead := path, other
	switch {
	case errors.Is(err, replicate.ErrBehindPeer), errors.Is(otherErr, replicate.ErrPeerBehind):
	case errors.Is(err, replicate.ErrPeerBehind), errors.Is(otherErr, replicate.ErrBehindPeer):
		behind, ahead = other, path
	default:
		return nil
	}
	return fail(exitFailed, fmt.Sprintf("'weir sync %s %s --resync' replaces all that is in %s",
		escape(behind), escape(ahead), escape(behind)),
		"%s is behind: %s has forgotten deletions that it may not know of", behind, ahead)
}

// echoes reports whether a side's error only says that the other side had one,
// which tells more.
func echoes(err, other error) bool {
	var remote *replicate.RemoteError
	return errors.As(err, &remote) ||
		explain(err).Code == exitFailed && explain(other).Code != exitFailed
}

// at puts the place into an error.
func at(place string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", place, err)
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func absolute(path string) string {
	if full, err := filepath.EvalSymlinks(path); err == nil {
		path = full
	}
	if full, err := filepath.Abs(path); err == nil {
		path = full
	}
	return path
}

func sameFile(a, b string) bool {
	ia, erra := os.Stat(a)
	ib, errb := os.Stat(b)
	return erra == nil && errb == nil && os.SameFile(ia, ib)
}
