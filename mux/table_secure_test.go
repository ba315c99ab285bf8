package mux_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex/chaos"
	"github.com/weir-go/weir/duplex/secure"
	"github.com/weir-go/weir/mux"
)

// An attack is given what is written to a connection, write by write, and both
// directions up to then, and returns what goes on instead.
type attack func(p []byte, same, other [][]byte) []byte

// attacks are those on a channel that package secure tests record by record.
func attacks(foreign []byte) map[string]attack {
	var held []byte
	return map[string]attack{
		"changed":   func(p []byte, _, _ [][]byte) []byte { p[len(p)-1] ^= 1; return p },
		"dropped":   func([]byte, [][]byte, [][]byte) []byte { return nil },
		"truncated": func(p []byte, _, _ [][]byte) []byte { return p[:len(p)-1] },
		"repeated":  func(p []byte, _, _ [][]byte) []byte { return append(p, p...) },
		"reordered": func(p []byte, _, _ [][]byte) []byte {
			if held == nil {
				held = p
				return nil
			}
			return append(p, held...)
		},
		"replayed":  func(_ []byte, same, _ [][]byte) []byte { return same[len(same)-1] },
		"spliced":   func([]byte, [][]byte, [][]byte) []byte { return foreign },
		"reflected": func(_ []byte, _, other [][]byte) []byte { return other[len(other)-1] },
		"oversized": func(p []byte, _, _ [][]byte) []byte {
			return append([]byte{23, 3, 3, 0xFF, 0xFF}, p...)
		},
		"forged end": func([]byte, [][]byte, [][]byte) []byte {
			return []byte{21, 3, 3, 0, 2, 1, 0} // close_notify in the clear
		},
	}
}

// tampering lets an attack loose on one direction of a connection whose session
// is up.
type tampering struct {
	c     cell
	mount attack

	mu      sync.Mutex
	started bool
	writes  [2][][]byte // by direction: out, in
}

// link is a connection that keeps what passes.
func (m *tampering) link() chaos.Config {
	side := func(n int) chaos.Link {
		return chaos.Link{Tamper: func(p []byte) []byte {
			m.mu.Lock()
			defer m.mu.Unlock()
			p = slices.Clone(p)
			if m.started && (n == 1) == m.c.sink {
				return m.mount(slices.Clone(p), m.writes[n], m.writes[1-n])
			}
			m.writes[n] = append(m.writes[n], p)
			return p
		}}
	}
	return chaos.Config{Seed: 1, Out: side(0), In: side(1)}
}

// tampered has somebody in between who changes the channel under a session:
// each stream ends with a typed error on both sides, and what was delivered is
// true. A plain session has no such protection; see flips.
func tampered(t *testing.T, c cell) {
	if !c.tls {
		return
	}
	var foreign []byte
	bubble(t, func(t *testing.T) { foreign = tamper(t, c, "nothing", nil).lastWrite() })
	for name := range attacks(nil) {
		bubble(t, func(t *testing.T) { tamper(t, c, name, attacks(foreign)[name]) })
	}
}

func (m *tampering) lastWrite() []byte {
	all := m.writes[map[bool]int{false: 0, true: 1}[m.c.sink]]
	return all[len(all)-1]
}

// tamper has a session with streams in use, and then the attack.
func tamper(t *testing.T, c cell, name string, mount attack) *tampering {
	m := &tampering{c: c, mount: mount}
	a, b := chaos.Pair(m.link())
	k := startTalk(t.Context(), c, a, b, usual(20_000))
	settle()
	require.NoError(t, k.client.session.Err())
	if mount == nil {
		_ = k.client.session.Abort(nil)
		k.over.Wait()
		return m
	}
	m.mu.Lock()
	m.started = true // the next to pass is a ping
	m.mu.Unlock()
	start := time.Now()
	k.over.Wait()
	k.judge(t, name)
	assert.LessOrEqual(t, time.Since(start), 30*time.Second, name)
	err := errors.Join(k.client.err, k.server.err)
	if name == "dropped" || name == "truncated" { // found at the next record, or by silence
		if errors.Is(err, mux.ErrSilent) {
			return m
		}
	}
	assert.ErrorIs(t, err, secure.ErrTampered, name)
	return m
}

// strangers have the wrong key, or none: both sides know, before there is a
// session, let alone a stream. At the source's side the server refuses, at the
// sink's the client. Package secure tests more of them.
func strangers(t *testing.T, c cell) {
	if !c.tls {
		return // a plain session asks nobody who he is
	}
	clientKeys, serverKeys := keys()
	own, err := secure.NewIdentity()
	require.NoError(t, err)
	if c.sink {
		serverKeys.Identity = own
	} else {
		clientKeys.Identity = own
	}
	bubble(t, func(t *testing.T) {
		a, b := chaos.Pair(chaos.Config{})
		served := later(func() error {
			conn, err := secure.Server(context.Background(), b, serverKeys)
			assert.Nil(t, conn)
			return err
		})
		conn, err := secure.Client(context.Background(), a, clientKeys)
		assert.Nil(t, conn)
		if c.sink {
			assert.ErrorIs(t, err, secure.ErrUnknownPeer)
			assert.ErrorIs(t, <-served, secure.ErrNoKey)
		} else {
			assert.ErrorIs(t, err, secure.ErrRefused)
			assert.ErrorIs(t, <-served, secure.ErrUnknownPeer)
		}
	})
	bubble(t, func(t *testing.T) { keyless(t, c) })
}

// keyless is a stranger that speaks TLS and has no certificate, or wants none.
func keyless(t *testing.T, c cell) {
	clientKeys, serverKeys := keys()
	a, b := chaos.Pair(chaos.Config{})
	config := &tls.Config{NextProtos: []string{"weir/1"}, InsecureSkipVerify: true}
	other := func(conn net.Conn) error {
		defer conn.Close()
		s := tls.Client(conn, config)
		if c.sink {
			s = tls.Server(conn, config)
		}
		if err := s.Handshake(); err != nil {
			return err
		}
		_, err := s.Read(make([]byte, 1))
		return err
	}
	if c.sink {
		told := later(func() error { return other(b) })
		_, err := secure.Client(context.Background(), a, clientKeys)
		assert.Error(t, err)
		assert.Error(t, <-told)
		return
	}
	told := later(func() error { return other(a) })
	_, err := secure.Server(context.Background(), b, serverKeys)
	assert.ErrorIs(t, err, secure.ErrNoKey)
	assert.Error(t, <-told)
}
