package websock_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex/websock"
	"github.com/weir-go/weir/pull"
)

// server is a server's frame, not masked.
func server(head byte, payload string) []byte {
	return append([]byte{head, byte(len(payload))}, payload...)
}

// Who reads no more still hears: what waits is dropped, what comes behind it is
// acted on, while the other direction goes on.
func TestAbortedSourceStillHears(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		raw, c := rawClient(t, websock.Config{})
		heard := answers(raw)
		d := c.Chunks()
		require.NoError(t, raw.SetDeadline(time.Now().Add(time.Second)))
		_, err := raw.Write(append(masked(fin|binaryData, "one"), masked(fin|binaryData, "two")...))
		require.NoError(t, err)
		synctest.Wait() // one waits for a reader
		require.NoError(t, pull.Abort(d.Source, pull.ErrStopped))
		synctest.Wait()
		_, err = raw.Write(slices.Concat(masked(fin|binaryData, "three"), masked(fin|ping, "you?")))
		require.NoError(t, err)
		synctest.Wait()
		sent := async(func() error { return d.Sink(t.Context(), pull.Values([]byte("more"))) })
		synctest.Wait()
		_, err = raw.Write(closeFrame(1000, ""))
		require.NoError(t, err)
		require.NoError(t, sent())
		assert.Equal(t, slices.Concat(server(fin|text, "stop 4001"), server(fin|pong, "you?"),
			server(fin|binaryData, "more"), server(fin|text, "end"), server(fin|closing, "\x0f\xa1")), heard())
	})
}
