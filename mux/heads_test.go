package mux_test

import (
	"bytes"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/mux"
	"github.com/weir-go/weir/mux/internal/wire"
)

// refused says whether a stream was ended in both directions, for its name was
// late.
func refused(id uint32, said *said) bool {
	all := slices.Concat(said.writes...)
	for _, kind := range []wire.Kind{wire.Abort, wire.Reset} {
		m := wire.Message{Kind: kind, ID: id, Code: uint32(mux.CodeDeadline)}
		if !bytes.Contains(all, control(m)) {
			return false
		}
	}
	return true
}

// A stream whose name never comes has a deadline: it is refused, and its place
// in the backlog is free, while the session goes on. Nothing is late that comes
// in time, whatever other streams do.
func TestLateNames(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a, b := net.Pipe()
		out := &said{Conn: b}
		const every = time.Second // a quarter of the time
		r, server := rawClientOver(t, a, out, mux.Config{Handshake: 4 * every, Idle: -1, MaxStreams: 5, Backlog: 2})
		h := head("late")
		r.write(dataFrame(syn, 3, h[:4]))
		time.Sleep(4 * every)
		r.write(dataFrame(syn, 5, h[:1])) // while the first is waited for
		time.Sleep(every - 1)
		require.Zero(t, server.Stats().Refused)
		time.Sleep(time.Nanosecond)
		settle()
		require.EqualValues(t, 1, server.Stats().Refused)
		require.True(t, refused(3, out))
		require.Equal(t, 2, server.Stats().Streams, "until the peer has ended it, too")

		// What still comes of it is dropped, also its end within the name.
		r.write(join(dataFrame(0, 3, h[4:5]), control(wire.Message{Kind: wire.Reset, ID: 3, Offset: 5, Code: 4}),
			frame(window, fin, 3, 0)))
		settle()
		require.NoError(t, server.Err())
		require.Equal(t, 1, server.Stats().Streams)

		// There is room for another, and the second still comes in time.
		r.write(join(frame(window, syn, 7, 0), dataFrame(0, 7, head("another"))))
		time.Sleep(3*every - 1)
		r.write(dataFrame(0, 5, h[1:]))
		for _, name := range []string{"another", "late"} {
			st, err := server.Accept(soon(t))
			require.NoError(t, err)
			require.Equal(t, name, st.Name())
		}
		time.Sleep(time.Hour)
		require.EqualValues(t, 1, server.Stats().Refused)
		require.False(t, refused(5, out))

		// The watch has ended, and begins again.
		r.write(dataFrame(syn, 9, h[:4]))
		time.Sleep(5 * every)
		settle()
		require.EqualValues(t, 2, server.Stats().Refused)
		r.write(dataFrame(syn, 11, h[:4])) // the last is still there, and is not refused again
		time.Sleep(time.Hour)
		require.EqualValues(t, 3, server.Stats().Refused)
		require.NoError(t, server.Err())
	})
}

// A negative time is for ever, and zero the default.
func TestLateNamesByDefault(t *testing.T) {
	for cfg, want := range map[mux.Config]uint64{{Idle: -1, Handshake: -1}: 0, {Idle: -1}: 1} {
		bubble(t, func(t *testing.T) {
			r, server := rawClient(t, cfg)
			r.write(frame(window, syn, 3, 0))
			time.Sleep(6250*time.Millisecond - 1)
			require.Zero(t, server.Stats().Refused)
			time.Sleep(time.Hour)
			require.Equal(t, want, server.Stats().Refused)
			require.NoError(t, server.Err())
		})
	}
}
