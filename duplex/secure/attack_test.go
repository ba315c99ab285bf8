package secure_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex/secure"
)

// noticed fails unless err says that somebody was at it, or that the
// connection ended, and is no end.
func noticed(t *testing.T, err error, where string) {
	t.Helper()
	assert.NotErrorIs(t, err, io.EOF, where)
	for _, want := range []error{
		secure.ErrTampered, secure.ErrNotWeir, secure.ErrAlert, secure.ErrTimeout,
		io.ErrUnexpectedEOF, io.ErrClosedPipe, os.ErrDeadlineExceeded,
	} {
		if errors.Is(err, want) {
			return
		}
	}
	assert.Fail(t, "not noticed, or not told", "%s: %v", where, err)
}

// harmed checks what both sides got of a conversation that was tampered with.
// What was delivered is true, and both know that they did not hear all: except
// that who is harmed after it has heard all and said all cannot know.
func harmed(t *testing.T, client, server end, where string) {
	t.Helper()
	assert.True(t, strings.HasPrefix(answer, client.got), where)
	assert.True(t, strings.HasPrefix(question, server.got), where)
	noticed(t, client.err, where)
	if server.err != nil {
		noticed(t, server.err, where)
	} else {
		assert.Equal(t, question, server.got, where)
	}
}

// places are offsets in a recorded direction: all if there is time for it,
// else each eleventh, and the first bytes of each record.
func places(records [][]byte) (all [][2]int) {
	count := 0
	for n, r := range records {
		for i := range r {
			if count++; os.Getenv("WEIR_LONG") != "" || i < 6 || count%11 == 0 {
				all = append(all, [2]int{n, i})
			}
		}
	}
	return all
}

// row: G16
func TestFlippedBitIsNoticed(t *testing.T) {
	r := record(t)
	c, s := two(t)
	for _, toServer := range []bool{true, false} {
		for _, p := range places(r.of(toServer)) {
			for _, bit := range bits(p[1]) {
				client, server := talkAs(t, func(to bool, n int, rec []byte) ([][]byte, bool) {
					if to == toServer && n == p[0] {
						rec[p[1]] ^= bit
					}
					return pass(to, n, rec)
				}, c, s)
				where := fmt.Sprintf("to server: %v, record %d, byte %d, bit %x", toServer, p[0], p[1], bit)
				if client == (end{got: answer}) && server == (end{got: question}) {
					assert.True(t, meaningless(toServer, p), where)
					continue
				}
				harmed(t, client, server, where)
			}
		}
	}
}

// bits are those to flip in a byte: another one in each, or all.
func bits(offset int) []byte {
	if os.Getenv("WEIR_LONG") == "" {
		return []byte{1 << (offset % 8)}
	}
	return []byte{1, 2, 4, 8, 16, 32, 64, 128}
}

// meaningless are the bytes that RFC 8446 tells to ignore: the version of the
// first record.
func meaningless(toServer bool, p [2]int) bool {
	return p[0] == 0 && (p[1] == 1 || p[1] == 2)
}

// row: G16
func TestTruncationIsNoticed(t *testing.T) {
	r := record(t)
	c, s := two(t)
	for _, toServer := range []bool{true, false} {
		for _, p := range places(r.of(toServer)) {
			client, server := talkAs(t, func(to bool, n int, rec []byte) ([][]byte, bool) {
				if to == toServer && n == p[0] {
					return [][]byte{rec[:p[1]]}, true
				}
				return pass(to, n, rec)
			}, c, s)
			where := fmt.Sprintf("to server: %v, record %d, byte %d", toServer, p[0], p[1])
			harmed(t, client, server, where)
			for _, err := range []error{client.err, server.err} {
				assert.NotErrorIs(t, err, secure.ErrTampered, where)
			}
		}
	}
}

// What ends a TLS connection in the clear must not end one with keys; nor may
// an end of the connection below pass for an end.
func TestForgedEndIsNoticed(t *testing.T) {
	goodbye := []byte{21, 3, 3, 0, 2, 1, 0}
	r := record(t)
	for _, toServer := range []bool{true, false} {
		for k := range r.of(toServer) {
			client, server := talk(t, func(to bool, n int, rec []byte) ([][]byte, bool) {
				if to == toServer && n == k {
					return [][]byte{goodbye}, true
				}
				return pass(to, n, rec)
			})
			harmed(t, client, server, fmt.Sprintf("to server: %v, record %d", toServer, k))
		}
	}
}

// data is the number of a direction's record with the question or the answer.
func data(toServer bool) int {
	if toServer {
		return 6
	}
	return 8
}

// swap is a tamper that makes of the records from k on what f says; it is
// given those that came so far.
func swap(toServer bool, k int, f func(recs [][]byte) [][]byte) tamper {
	var held [][]byte
	return func(to bool, n int, rec []byte) ([][]byte, bool) {
		if to != toServer || n < k {
			return pass(to, n, rec)
		}
		held = append(held, rec)
		return f(held), false
	}
}

// Both the data and the end are encrypted, so each is a record like the other.
//
// row: G16
func TestReorderedRecordsAreNoticed(t *testing.T) {
	for _, toServer := range []bool{true, false} {
		client, server := talk(t, swap(toServer, data(toServer), func(recs [][]byte) [][]byte {
			if len(recs) == 2 {
				return [][]byte{recs[1], recs[0]}
			}
			return nil
		}))
		tampered(t, client, server, toServer)
	}
}

// tampered is for what was tampered with after the handshake: nothing of it
// was delivered, the reader says what happened, and the other side hears it.
func tampered(t *testing.T, client, server end, toServer bool) {
	t.Helper()
	found, told := client, server
	if toServer {
		found, told = server, client
	}
	assert.ErrorIs(t, found.err, secure.ErrTampered)
	assert.Empty(t, found.got)
	var e *secure.Error
	require.ErrorAs(t, found.err, &e)
	assert.Equal(t, "read", e.Op)
	if toServer {
		assert.ErrorIs(t, told.err, secure.ErrAlert)
	} // else the server had said all and was gone
}

// row: G16
func TestLeftOutRecordIsNoticed(t *testing.T) {
	for _, toServer := range []bool{true, false} {
		client, server := talk(t, swap(toServer, data(toServer), func(recs [][]byte) [][]byte {
			if len(recs) == 2 {
				return recs[1:]
			}
			return nil
		}))
		tampered(t, client, server, toServer)
	}
}

func TestRepeatedRecordIsNoticed(t *testing.T) {
	for _, toServer := range []bool{true, false} {
		client, server := talk(t, swap(toServer, data(toServer), func(recs [][]byte) [][]byte {
			if len(recs) == 1 {
				return [][]byte{recs[0], recs[0]}
			}
			return recs[len(recs)-1:]
		}))
		harmed(t, client, server, "repeated")
		got, want := client.got, answer
		if toServer {
			got, want = server.got, question
		}
		assert.Equal(t, want, got, "once")
	}
}

// A recorded session, played to the same server or the same client: its part
// of the keys is new.
func TestReplayedSessionIsNoticed(t *testing.T) {
	c, s := two(t)
	var r recording
	client, server := talkAs(t, r.tap, c, s)
	require.Equal(t, end{got: answer}, client)
	require.Equal(t, end{got: question}, server)
	play := func(records [][]byte, to func(net.Conn) end) (heard end) {
		synctest.Test(t, func(t *testing.T) {
			a, b := net.Pipe()
			drained := async(func() (int64, error) { return io.Copy(io.Discard, a) })
			played := async(func() (int, error) { return a.Write(slices.Concat(records...)) })
			heard = to(b)
			_, _ = played()
			_, _ = drained()
			_ = a.Close()
		})
		return heard
	}
	server = play(r.toServer, func(b net.Conn) end { return serve(b, s) })
	assert.ErrorIs(t, server.err, secure.ErrTampered)
	assert.Empty(t, server.got)
	client = play(r.toClient, func(b net.Conn) end { return inquire(b, c) })
	assert.ErrorIs(t, client.err, secure.ErrNotWeir, "that is before there are keys")
	assert.Empty(t, client.got)
}

// Each record of one session, in another between the same two.
func TestSplicedRecordIsNoticed(t *testing.T) {
	c, s := two(t)
	var r recording
	talkAs(t, r.tap, c, s)
	for _, toServer := range []bool{true, false} {
		for k := range r.of(toServer) {
			if k == 1 {
				continue // change_cipher_spec, which is the same in all sessions
			}
			client, server := talkAs(t, func(to bool, n int, rec []byte) ([][]byte, bool) {
				if to == toServer && n == k {
					rec = r.of(to)[k]
				}
				return pass(to, n, rec)
			}, c, s)
			harmed(t, client, server, fmt.Sprintf("record %d", k))
			if k == data(toServer) {
				tampered(t, client, server, toServer)
			}
		}
	}
}

// A side's own records, sent back to it.
func TestReflectionIsNoticed(t *testing.T) {
	i := identity(t)
	own := secure.Config{Identity: i, Accept: secure.Only(i.ID())} // even then
	for _, from := range []int{0, 2, 5, 6, 7} {
		var r recording
		client, server := talkAs(t, func(to bool, n int, rec []byte) ([][]byte, bool) {
			_, _ = r.tap(to, n, rec)
			if !to && n >= from {
				r.mu.Lock()
				defer r.mu.Unlock()
				rec = r.toServer[min(n, len(r.toServer)-1)]
			}
			return pass(to, n, rec)
		}, own, own)
		harmed(t, client, server, fmt.Sprintf("from record %d", from))
		assert.Empty(t, client.got)
	}
}

func TestOversizedRecordIsRefused(t *testing.T) {
	for _, toServer := range []bool{true, false} {
		for _, size := range [][]byte{{0xff, 0xff}, {0x41, 0x01}} { // 16 KiB + 257
			client, server := talk(t, func(to bool, n int, rec []byte) ([][]byte, bool) {
				if to == toServer && n == data(to) {
					rec = slices.Concat([]byte{23, 3, 3}, size)
				}
				return pass(to, n, rec)
			})
			tampered(t, client, server, toServer)
		}
	}
}
