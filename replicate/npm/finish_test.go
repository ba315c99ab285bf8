package npm_test

import (
	"context"
	"io"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/duplex/netconn"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/journal"
	"github.com/weir-go/weir/replicate/npm"
)

const headerOfB = `{"id":"B","clock":{}}`

// begin begins a session with a player, and returns it.
func (p *player) begin(cfg npm.SyncConfig) *npm.Session {
	mine, theirs := duplex.Pair[[]byte, []byte]()
	p.out, p.in, p.end = theirs.Source, make(chan []byte), make(chan error, 1)
	session := p.s.NewSession(cfg)
	go func() { p.end <- session.Run(context.Background(), mine) }()
	go func() { _ = theirs.Sink(context.Background(), pull.FromChan(p.in)) }()
	return session
}

// ends expects the end of what is sent.
func (p *player) ends() {
	p.t.Helper()
	require.Empty(p.t, p.rest)
	chunk, err := p.out(p.t.Context())
	require.Equal(p.t, io.EOF, err, "%q", chunk)
}

// What was written before Finish is sent, then the own half ends, and what the peer
// sends until it ends its own is taken in.
func TestFinish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlayer(t, "model", "A")
		session := p.begin(npm.SyncConfig{})
		p.next()
		p.feed(headerOfB)
		p.feed(`"SYNC"`)
		require.Equal(t, `"SYNC"`, p.next())
		synctest.Wait()
		p.wall.at(5)
		writeChange(t, p.s, `["x",1]`)
		session.Finish()
		require.Equal(t, `[["x",1],5,"A"]`, p.next())
		p.ends()
		p.feed(`[["y",2],7,"B"]`)
		time.Sleep(goodbye - time.Millisecond)
		synctest.Wait()
		close(p.in)
		require.NoError(t, <-p.end)
		assert.JSONEq(t, `{"x":1,"y":2}`, string(p.s.JSON()))
		assert.True(t, session.Stats().CaughtUp)
		session.Finish() // is too late for anything
	})
}

const goodbye = time.Second

// What was written is sent, though it is not on disk yet when the session finishes.
func TestFinishDurable(t *testing.T) {
	cfg := journal.Config{Replica: replicate.Config{Types: npm.Types()}}
	path := filepath.Join(t.TempDir(), "r")
	require.NoError(t, journal.Create(path, journal.Meta{}, cfg))
	j, err := journal.Open(t.Context(), path, cfg)
	require.NoError(t, err)
	defer j.Close()
	p := &player{t: t, s: openKind(t, j.Replica(), "model", "A")}
	session := p.begin(npm.SyncConfig{})
	p.next()
	p.feed(headerOfB)
	require.Equal(t, `"SYNC"`, p.next())
	writeChange(t, p.s, `["last","word"]`)
	session.Finish()
	require.Contains(t, p.next(), `["last","word"]`)
	p.ends()
	close(p.in)
	require.NoError(t, <-p.end)
}

// A peer that has not sent its header is told nothing but the end.
func TestFinishUnmet(t *testing.T) {
	p := newPlayer(t, "model", "A")
	writeChange(t, p.s, `["x",1]`)
	session := p.begin(npm.SyncConfig{})
	p.next()
	session.Finish()
	p.ends()
	close(p.in)
	require.NoError(t, <-p.end, "the peer has left without a SYNC, after us")
	assert.False(t, session.Stats().CaughtUp)
}

// All that the peer has not, and SYNC, are sent to the end.
func TestFinishAmidHistory(t *testing.T) {
	for _, once := range []bool{false, true} {
		p := &player{t: t, s: filled(t, 3000)}
		session := p.begin(npm.SyncConfig{Once: once})
		p.next()
		p.feed(headerOfB)
		first := p.next()
		session.Finish()
		lines := append([]string{first}, p.rest...)
		for chunk, err := range p.out.All(t.Context()) {
			require.NoError(t, err)
			lines = append(lines, strings.Split(strings.TrimSuffix(string(chunk), "\n"), "\n")...)
		}
		require.Len(t, lines, 3001)
		require.Equal(t, `"SYNC"`, lines[3000])
		close(p.in)
		require.NoError(t, <-p.end)
	}
}

// A peer that does not end its half is listened to for a second, no longer, and a
// line that it does not end is not taken for one.
func TestFinishAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlayer(t, "model", "A")
		began, session := time.Now(), p.begin(npm.SyncConfig{})
		p.next()
		p.feed(headerOfB)
		p.next()
		session.Finish()
		p.ends()
		require.ErrorIs(t, <-p.end, context.DeadlineExceeded)
		require.Equal(t, goodbye, time.Since(began))
		close(p.in)

		session = p.begin(npm.SyncConfig{})
		p.next()
		p.feed(headerOfB)
		p.next()
		session.Finish()
		p.in <- []byte(`[["y",2],`)
		close(p.in)
		require.ErrorIs(t, <-p.end, io.ErrUnexpectedEOF)
	})
}

// A session that has ended its half finishes, too, however its end came about.
func TestFinishOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlayer(t, "model", "A")
		session := p.begin(npm.SyncConfig{Once: true})
		p.next()
		p.feed(headerOfB)
		p.feed(`"SYNC"`)
		p.next()
		p.ends()
		time.Sleep(time.Hour)
		session.Finish()
		require.ErrorIs(t, <-p.end, context.DeadlineExceeded)
		close(p.in)
	})
}

// A session that runs once waits for ten seconds for the peer's header, a live one
// for as long as it takes. The peer is told the end, and not cut off.
func TestHandshakeTimeout(t *testing.T) {
	for _, c := range []struct {
		cfg  npm.SyncConfig
		want time.Duration
	}{
		{npm.SyncConfig{Once: true}, 10 * time.Second},
		{npm.SyncConfig{Once: true, HandshakeTimeout: time.Minute}, time.Minute},
		{npm.SyncConfig{HandshakeTimeout: time.Second}, time.Second},
		{npm.SyncConfig{}, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			p := newPlayer(t, "model", "A")
			began := time.Now()
			p.begin(c.cfg)
			p.next()
			if c.want == 0 {
				time.Sleep(time.Hour)
				p.feed(headerOfB)
				p.feed(`"SYNC"`)
				require.Equal(t, `"SYNC"`, p.next())
				p.stop()
				return
			}
			p.ends()
			require.ErrorIs(t, <-p.end, replicate.ErrHandshake)
			require.Equal(t, c.want, time.Since(began))
			close(p.in)
		})
	}
}

// A peer that does not even read is cut off.
func TestHandshakeUnread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlayer(t, "model", "A")
		p.begin(npm.SyncConfig{Once: true})
		require.ErrorIs(t, <-p.end, replicate.ErrHandshake)
		close(p.in)
		require.ErrorIs(t, pull.Drain(t.Context(), p.out), replicate.ErrHandshake)
	})
}

// Two sessions of ours that are live: one leaves, and neither fails.
func TestFinishBetweenOurs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := filled(t, 10), openKind(t, newReplica(), "model", "B")
		da, db := duplex.Pair[[]byte, []byte]()
		leaves, ended := a.NewSession(npm.SyncConfig{}), make(chan error, 2)
		go func() { ended <- leaves.Run(t.Context(), da) }()
		go func() { ended <- b.NewSession(npm.SyncConfig{}).Run(t.Context(), db) }()
		synctest.Wait()
		writeChange(t, a, `["last","word"]`)
		leaves.Finish()
		require.NoError(t, <-ended)
		require.NoError(t, <-ended)
		require.JSONEq(t, string(a.JSON()), string(b.JSON()))
	})
}

// An ordinary program in JavaScript goes on when a session is finished, whoever has
// connected: it sees an end, and no error.
func TestNodeFinish(t *testing.T) {
	leave := func(t *testing.T, n *node, s *npm.Scuttlebutt, d duplex.Duplex[[]byte, []byte]) {
		session, ended := s.NewSession(npm.SyncConfig{}), make(chan error, 1)
		go func() { ended <- session.Run(t.Context(), d) }()
		n.event("sync")
		writeChange(t, s, `["last","word"]`)
		session.Finish()
		n.event("end")
		require.JSONEq(t, `{"failed":false}`, string(n.event("close")))
		require.NoError(t, <-ended)
		_, err := io.WriteString(n.in, "\n")
		require.NoError(t, err)
		require.Contains(t, string(n.event("all")), `"last":"word"`)
	}
	t.Run("join", func(t *testing.T) {
		s := open(t, npm.ModelType, "A")
		n := &node{nodeProcess: startScript(t, "testdata/plain.js"), name: "plain"}
		port, err := strconv.Atoi(string(n.await("port")))
		require.NoError(t, err)
		n.port = port
		leave(t, n, s, n.dial())
		leave(t, n, s, n.dial())
		require.Contains(t, string(s.JSON()), `"n":1`, "the second time")
	})
	t.Run("serve", func(t *testing.T) {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer ln.Close()
		_, port, err := net.SplitHostPort(ln.Addr().String())
		require.NoError(t, err)
		n := &node{nodeProcess: startScript(t, "testdata/plain.js", port), name: "plain"}
		conn, err := ln.Accept()
		require.NoError(t, err)
		leave(t, n, open(t, npm.ModelType, "A"), netconn.New(conn))
	})
}
