package mux_test

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/mux"
)

// differ makes a session whose ends have different configs.
func differ(t *testing.T, a, b net.Conn, ours, theirs mux.Config) (client, server *mux.Session) {
	t.Helper()
	ready := make(chan error, 1)
	go func() {
		var err error
		server, err = mux.Server(context.Background(), b, theirs)
		ready <- err
	}()
	client, err := mux.Client(context.Background(), a, ours)
	require.NoError(t, err)
	require.NoError(t, <-ready)
	t.Cleanup(func() {
		_ = client.Abort(nil)
		_ = server.Abort(nil)
	})
	return client, server
}

// later runs f and returns where its error will be.
func later(f func() error) <-chan error {
	done := make(chan error, 1)
	go func() { done <- f() }()
	return done
}

// opening opens a stream in the background.
func opening(ctx context.Context, s *mux.Session) <-chan error {
	return later(func() error { _, err := s.Open(ctx, "x", nil); return err })
}

// Over the backlog the opener waits, and goes on with the next Accept.
func TestOpenWaitsForAccept(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a, b := net.Pipe()
		client, server := differ(t, a, b, mux.Config{}, mux.Config{Backlog: 4})
		for range 4 {
			_, err := client.Open(soon(t), "x", nil)
			require.NoError(t, err)
		}
		fifth := opening(soon(t), client)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		start := time.Now()
		require.Equal(t, context.DeadlineExceeded, <-opening(ctx, client))
		require.Equal(t, time.Second, time.Since(start))
		require.Empty(t, fifth)
		for range 5 {
			_, err := server.Accept(soon(t))
			require.NoError(t, err)
		}
		require.NoError(t, <-fifth)
		require.EqualValues(t, 5, client.Stats().Opened)
		require.EqualValues(t, 5, server.Stats().Accepted)
	})
}

// Over either side's limit the opener waits until a stream has gone.
func TestOpenWaitsForAPlace(t *testing.T) {
	for name, c := range map[string][2]mux.Config{
		"peer's limit": {{}, {MaxStreams: 3}},
		"own limit":    {{MaxOpen: 3}, {}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				a, b := net.Pipe()
				client, server := differ(t, a, b, c[0], c[1])
				var ends []*mux.Stream
				for range 3 {
					ours, theirs := pair(t, client, server, "x")
					ends = append(ends, ours, theirs)
				}
				fourth := opening(soon(t), client)
				settle()
				require.Empty(t, fourth)
				require.NoError(t, ends[0].Duplex().Close(nil))
				settle()
				require.Empty(t, fourth, "one side may still use it")
				require.NoError(t, ends[1].Duplex().Close(nil))
				require.NoError(t, <-fourth)

				// The other way there is no limit but its own.
				for range 100 {
					pair(t, server, client, "back")
				}
				fifth := opening(soon(t), client)
				settle()
				require.NoError(t, server.Abort(nil))
				require.ErrorIs(t, <-fifth, mux.ErrLost)
			})
		})
	}
}

// Whoever waits to open when the session closes learns of that at once, though
// the streams that are in the way go on.
func TestOpenWaitsUntilClose(t *testing.T) {
	bubble(t, func(t *testing.T) {
		for _, cfg := range []mux.Config{{MaxStreams: 2}, {Backlog: 2}} {
			a, b := net.Pipe()
			client, server := differ(t, a, b, mux.Config{}, cfg)
			for range 2 {
				_, err := client.Open(soon(t), "x", nil)
				require.NoError(t, err)
			}
			third := opening(soon(t), client)
			settle()
			require.Empty(t, third)
			closed := later(func() error { return client.Close(soon(t)) })
			require.Equal(t, mux.ErrClosed, <-third)
			require.Equal(t, 2, server.Stats().Streams)
			require.NoError(t, client.Abort(nil))
			require.Error(t, <-closed)
		}
	})
}

func TestNoStreamsTaken(t *testing.T) {
	a, b := net.Pipe()
	client, server := differ(t, a, b, mux.Config{}, mux.Config{MaxStreams: -1})
	_, err := client.Open(soon(t), "x", nil)
	require.Equal(t, mux.CodeRefused, err.(*mux.StreamError).Code)
	pair(t, server, client, "the other way")
}

// Whoever ignores the limits it was told is cut off.
func TestPeerIgnoresLimits(t *testing.T) {
	for name, cfg := range map[string]mux.Config{
		"streams": {MaxStreams: 3}, "backlog": {Backlog: 3},
	} {
		t.Run(name, func(t *testing.T) {
			r, server := rawClient(t, cfg)
			for i := range uint32(4) {
				id := 3 + 2*i
				r.write(join(frame(window, syn, id, 0), dataFrame(0, id, head("x"))))
				if cfg.MaxStreams > 0 && i < 3 {
					_, err := server.Accept(soon(t)) // it is open, and not in the backlog
					require.NoError(t, err)
				}
			}
			<-server.Done()
			require.ErrorIs(t, server.Err(), mux.ErrProtocol)
			require.ErrorContains(t, server.Err(), map[string]string{
				"streams": "over 3 streams at once", "backlog": "over 3 streams not acknowledged",
			}[name])
		})
	}
}

// TestAdmissionReserves has the SYNs of several sessions come at once: a budget
// they share never has more streams than it was given.
func TestAdmissionReserves(t *testing.T) {
	const sessions, each, limit = 8, 32, 50
	budget := &mux.Budget{Streams: limit}
	cfg := mux.Config{Budget: budget}
	var servers []*mux.Session
	var syns sync.WaitGroup
	start := make(chan struct{})
	for range sessions {
		r, server := rawClient(t, cfg)
		servers = append(servers, server)
		syns.Go(func() {
			<-start
			for i := range uint32(each) {
				id := 3 + 2*i
				_, err := r.conn.Write(join(frame(window, syn, id, 0), dataFrame(0, id, head("x"))))
				assert.NoError(t, err)
			}
		})
	}
	close(start)
	syns.Wait()
	for _, s := range servers { // all SYNs have been seen
		for s.Stats().Streams < each {
			select {
			case <-s.Done():
				t.Fatal(s.Err())
			default:
			}
		}
	}
	var accepted, refused uint64
	for _, s := range servers {
		n := s.Stats().Refused
		for range each - n {
			_, err := s.Accept(soon(t))
			require.NoError(t, err)
		}
		accepted += s.Stats().Accepted
		refused += n
	}
	require.EqualValues(t, limit, accepted)
	require.EqualValues(t, sessions*each-limit, refused)
	for _, s := range servers {
		_ = s.Abort(nil)
	}
	// What ended sessions had is free again.
	a, b := net.Pipe()
	client, server := differ(t, a, b, mux.Config{}, cfg)
	for range limit {
		pair(t, client, server, "x")
	}
}

// Over the budget, new streams are refused, then the largest holder is
// aborted on both ends; the others keep all they have.
func TestBudget(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a, b := net.Pipe()
		lines := &logLines{}
		budget := &mux.Budget{Bytes: 400_000}
		client, server := differ(t, a, b, mux.Config{},
			mux.Config{Budget: budget, Logger: lines.logger()})
		small, smallEnd := pair(t, client, server, "small")
		large, largeEnd := pair(t, client, server, "large")
		sent := later(func() error { return send(soon(t), small, noise(110_000), 10_000) })
		require.NoError(t, <-sent)
		filling := later(func() error { return send(soon(t), large, noise(200_000), 10_000) })
		require.NoError(t, <-filling)
		settle()
		require.Equal(t, 310_000, budget.Held())
		require.Equal(t, 310_000, server.Stats().Held)
		require.Equal(t, 110_000, smallEnd.Stats().Held)

		refused, err := client.Open(soon(t), "refused", nil)
		require.NoError(t, err)
		_, err = receive(soon(t), refused)
		require.Equal(t, &mux.StreamError{Code: mux.CodeBudget, Remote: true}, err)

		middle, middleEnd := openedBefore(t, client, server, budget)
		over := later(func() error { return send(soon(t), middle, noise(100_000), 10_000) })
		settle()
		_, err = receive(soon(t), largeEnd)
		require.Equal(t, mux.CodeBudget, err.(*mux.StreamError).Code)
		require.False(t, err.(*mux.StreamError).Remote)
		_, err = receive(soon(t), large)
		require.Equal(t, mux.CodeBudget, err.(*mux.StreamError).Code)
		require.NoError(t, <-over)

		got, err := receive(soon(t), smallEnd)
		require.Equal(t, io.EOF, err)
		require.Equal(t, noise(110_000), got)
		got, err = receive(soon(t), middleEnd)
		require.Equal(t, io.EOF, err)
		require.Equal(t, noise(100_000), got)
		require.EqualValues(t, 1, server.Stats().Evicted)
		require.Zero(t, budget.Held())
		require.Equal(t, 1, lines.count())
		for _, st := range []*mux.Stream{small, smallEnd, middle, middleEnd} {
			require.NoError(t, st.Duplex().Close(nil))
		}
		require.NoError(t, client.Close(soon(t)))
	})
}

// openedBefore opens a stream although the budget is nearly used up, by raising
// it for a moment.
func openedBefore(t *testing.T, client, server *mux.Session, b *mux.Budget) (x, y *mux.Stream) {
	settle()
	b.Bytes *= 2
	defer func() { b.Bytes /= 2 }()
	x, y = pair(t, client, server, "middle")
	settle()
	return x, y
}

// A peer that fills every stream it may open never holds more than the budget,
// over all its sessions, whether its streams are accepted or not.
func TestBudgetHolds(t *testing.T) {
	const limit = 2 << 20
	budget := &mux.Budget{Bytes: limit}
	var flood sync.WaitGroup
	var servers []*mux.Session
	for range 3 {
		r, server := rawClient(t, mux.Config{Budget: budget, Window: 256 << 10})
		servers = append(servers, server)
		flood.Go(func() {
			body := make([]byte, 200_000)
			for i := range uint32(40) {
				id := 3 + 2*i
				says := join(frame(window, syn, id, 0), dataFrame(0, id, append(head("x"), body...)))
				if _, err := r.conn.Write(says); err != nil {
					return
				}
				assert.LessOrEqual(t, budget.Held(), limit+3*(64<<10))
			}
		})
	}
	flood.Wait()
	refused, evicted := uint64(0), uint64(0)
	for _, s := range servers {
		require.NoError(t, s.Err())
		refused += s.Stats().Refused
		evicted += s.Stats().Evicted
		require.NoError(t, s.Abort(nil))
	}
	require.Greater(t, refused, uint64(80))
	require.Less(t, evicted, uint64(40))
	require.Zero(t, budget.Held())
}
