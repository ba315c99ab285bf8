package muxdemux_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/mux/muxdemux"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/codec"
)

func TestCloseWaitsForStreams(t *testing.T) {
	bubble(t, muxdemux.Config{}, func(t *testing.T, a, b *muxdemux.Session) {
		ours, theirs := open(t, a, b, nil, muxdemux.Write)
		closed := later(func() error { return a.Close(soon(t)) })
		settle()
		_, err := a.Open(soon(t), nil, muxdemux.Both)
		require.Equal(t, muxdemux.ErrClosed, err)
		late, err := b.Open(soon(t), nil, muxdemux.Write)
		require.NoError(t, err)
		require.ErrorContains(t, late.Duplex().Sink(soon(t), never), "closing")
		require.NoError(t, send(soon(t), ours, "1"))
		select {
		case err := <-closed:
			t.Fatal("closed with a stream open", err)
		default:
		}
		got, err := receive(soon(t), theirs)
		require.Equal(t, io.EOF, err)
		require.Equal(t, []string{"1"}, got)
		require.NoError(t, <-closed)
		<-b.Done()
		require.NoError(t, b.Err())
	})
}

func TestCloseGivesUp(t *testing.T) {
	bubble(t, muxdemux.Config{}, func(t *testing.T, a, b *muxdemux.Session) {
		ours, theirs := open(t, a, b, nil, muxdemux.Both)
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errBoom)
		defer cancel()
		require.Equal(t, errBoom, a.Close(ctx))
		require.Equal(t, muxdemux.ErrClosed, a.Err())
		_, err := receive(soon(t), ours)
		require.Equal(t, muxdemux.ErrClosed, err)
		require.Equal(t, muxdemux.ErrClosed, send(soon(t), ours, "1"))
		_, err = receive(soon(t), theirs)
		require.ErrorIs(t, err, muxdemux.ErrLost)
		require.NotErrorIs(t, err, io.EOF)
	})
}

// However a connection is lost, a stream keeps what came and ends with why.
func TestLost(t *testing.T) {
	for name, lose := range map[string]func(h *byHand){
		"end":  func(h *byHand) { h.in.End() },
		"fail": func(h *byHand) { h.in.Fail(errBoom) },
		"torn": func(h *byHand) {
			_, _ = h.in.TryPush([]byte(`["x","da`))
			h.in.End()
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, h := hand(t, muxdemux.Config{})
				h.say(t, `["x","new",{}]`, `["x","data",1]`)
				st, err := s.Accept(soon(t))
				require.NoError(t, err)
				sent := later(func() error { return st.Duplex().Sink(soon(t), never) })
				lose(h)
				got, err := receive(soon(t), st)
				require.Equal(t, []string{"1"}, got)
				require.ErrorIs(t, err, muxdemux.ErrLost)
				require.NotErrorIs(t, err, io.EOF)
				require.Equal(t, err, <-sent)
				_, aerr := s.Accept(soon(t))
				require.Equal(t, err, aerr)
				<-s.Done()
				require.Equal(t, err, s.Err())
				if name == "fail" {
					require.ErrorIs(t, err, errBoom)
				} else {
					require.ErrorIs(t, err, io.ErrUnexpectedEOF)
				}
			})
		})
	}
}

// The end of npm's mx.end(): an end on each stream, then that of the connection.
func TestPeerEndsAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := hand(t, muxdemux.Config{})
		h.say(t, `["x","new",{"opts":{"writable":false,"readable":true}}]`, `["x","data",1]`, `["x","end"]`)
		h.in.End()
		st, err := s.Accept(soon(t))
		require.NoError(t, err)
		got, err := receive(soon(t), st)
		require.Equal(t, io.EOF, err)
		require.Equal(t, []string{"1"}, got)
		<-s.Done()
		require.NoError(t, s.Err())
	})
}

func TestWriteFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := muxdemux.New(duplex.Duplex[[]byte, []byte]{
			Source: pull.NewPushable[[]byte](1, nil).Source(),
			Sink: func(ctx context.Context, src pull.Source[[]byte]) error {
				return pull.Each(ctx, src, func([]byte) error { return errBoom })
			},
		}, muxdemux.Config{})
		st, err := s.Open(soon(t), nil, muxdemux.Both)
		require.NoError(t, err)
		_, err = receive(soon(t), st)
		require.ErrorIs(t, err, errBoom)
		require.ErrorIs(t, err, muxdemux.ErrLost)
		<-s.Done()
	})
}

// A panic of the duplex is the session's error, and nobody else's, and so is the
// end of the goroutine in it.
func TestDuplexPanics(t *testing.T) {
	for _, leave := range []func(){func() { panic("no") }, runtime.Goexit} {
		synctest.Test(t, func(t *testing.T) {
			s := muxdemux.New(duplex.Duplex[[]byte, []byte]{
				Source: func(context.Context) ([]byte, error) { leave(); return nil, nil },
				Sink: func(ctx context.Context, src pull.Source[[]byte]) error {
					_, err := src(ctx)
					return err
				},
			}, muxdemux.Config{})
			<-s.Done()
			require.ErrorAs(t, s.Err(), new(*pull.PanicError))
		})
	}
}

// Every line that is none ends the session with an error that says why.
func TestMalformed(t *testing.T) {
	for line, want := range map[string]string{
		`notjson`:                     "invalid",
		`{}`:                          "not an array",
		`null`:                        "not an array",
		`[]`:                          "not an array",
		`42`:                          "not an array",
		`"HELLO"`:                     "not an array",
		`["x"]`:                       "not an array",
		`[1,"new",{}]`:                "not an array",
		`["x",1]`:                     "not an array",
		`["x",{"new":1}]`:             "not an array",
		`[["k",1],7,"Z"]`:             "not an array",
		`["x","new"]`:                 "no object",
		`["x","new",7]`:               "no object",
		`["x","new",null]`:            "no object",
		`["x","new",{"opts":7}]`:      "opts",
		`["__proto__","new",{}]`:      "__proto__",
		`["x","__proto__"]`:           "__proto__",
		`["x","data"`:                 "",
		"[\"\xff\",\"new\",{}]":       "UTF-8",
		`["x","new",{}] ["y"]`:        "",
		"[\"x\",\"data\",\"a\x01b\"]": "",

		`["` + strings.Repeat("x", 300) + `","new",{}]`:      "300 bytes",
		`["x","data","` + strings.Repeat("x", 10000) + `"]`:  "longer than 5000",
		strings.Repeat(`[`, 4000) + strings.Repeat(`]`, 900): "",
	} {
		t.Run(fmt.Sprintf("%.30q", line), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, h := hand(t, muxdemux.Config{MaxLine: 5000})
				h.say(t, `["y","new",{}]`, `["y","data",1]`)
				_, _ = h.in.TryPush([]byte(line + "\n"))
				_, _ = h.in.TryPush([]byte(`["y","data",2]` + "\n"))
				<-s.Done()
				err := s.Err()
				if !errors.Is(err, io.ErrUnexpectedEOF) { // as a cut leaves it
					require.ErrorIs(t, err, muxdemux.ErrProtocol)
				}
				require.ErrorContains(t, err, want)
				require.ErrorContains(t, err, "line 3")
				st, serr := s.Accept(soon(t))
				require.NoError(t, serr)
				got, serr := receive(soon(t), st) // what came before is kept
				require.Equal(t, []string{"1"}, got)
				require.Equal(t, err, serr)
				_, serr = s.Accept(soon(t))
				require.Equal(t, err, serr)
			})
		})
	}
}

func TestMalformedLineIsTyped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := hand(t, muxdemux.Config{})
		h.say(t, "", "  ", `nope`)
		<-s.Done()
		var bad *codec.LineError
		require.ErrorAs(t, s.Err(), &bad)
		require.Equal(t, int64(3), bad.Line)
	})
}

func TestNewForOpenStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := hand(t, muxdemux.Config{})
		h.say(t, `["x","new",{}]`, `["x","new",{}]`)
		<-s.Done()
		require.ErrorIs(t, s.Err(), muxdemux.ErrProtocol)
		require.ErrorContains(t, s.Err(), `"x"`)
	})
}

// What npm ignores and may come in good faith is ignored here too.
func TestIgnored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := hand(t, muxdemux.Config{})
		h.say(t, `["gone","data",1]`, `["gone","close"]`, `["gone","pause"]`,
			`["x","new",{"opts":{"readable":true,"writable":true}},"more"]`,
			`["x","custom",1]`, `["x","resume"]`, `["x","data",1]`, `["x","data"]`, `["x","end"]`, `["x","end"]`)
		st, err := s.Accept(soon(t))
		require.NoError(t, err)
		got, err := receive(soon(t), st)
		require.Equal(t, io.EOF, err)
		require.Equal(t, []string{"1", "null"}, got)
		require.Empty(t, h.said())
	})
}

func TestTooManyStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := hand(t, muxdemux.Config{MaxStreams: 2})
		h.say(t, `["a","new",{}]`, `["b","new",{}]`, `["c","new",{}]`)
		require.Equal(t, []string{`["c","error","remote end has 2 streams, its limit"]`, `["c","close"]`}, h.said())
		st, err := s.Accept(soon(t))
		require.NoError(t, err)
		require.NoError(t, st.Duplex().Close(nil))
		h.say(t, `["d","new",{"meta":"`+strings.Repeat("m", 70000)+`"}]`, `["e","new",{}]`)
		require.Equal(t, []string{`["a","close"]`,
			`["d","error","meta has 70002 bytes, of 65536"]`, `["d","close"]`}, h.said())
	})
}

func TestAcceptEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := hand(t, muxdemux.Config{})
		h.say(t, `["a","new",{}]`)
		require.NoError(t, pull.Abort(s.Accept, errBoom))
		h.say(t, `["b","new",{}]`)
		const why = "remote end does not accept streams"
		require.Equal(t, []string{`["a","error","` + why + `"]`, `["a","close"]`,
			`["b","error","` + why + `"]`, `["b","close"]`}, h.said())
		_, err := s.Accept(soon(t))
		require.Equal(t, errBoom, err)
		h.in.End()
		require.NoError(t, s.Close(soon(t)))
	})
}

// A peer that has itself answered and does not read the answers is cut off.
func TestAnswersAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := pull.NewPushable[[]byte](1, nil)
		s := muxdemux.New(duplex.Duplex[[]byte, []byte]{
			Source: in.Source(),
			Sink: func(ctx context.Context, _ pull.Source[[]byte]) error {
				<-ctx.Done()
				return pull.Cause(ctx)
			},
		}, muxdemux.Config{MaxStreams: -1})
		for i := 0; s.Err() == nil; i++ {
			require.Less(t, i, 100_000)
			_, _ = in.TryPush(fmt.Appendf(nil, "[\"%d\",\"new\",{}]\n", i))
			settle()
		}
		<-s.Done()
		require.ErrorIs(t, s.Err(), muxdemux.ErrProtocol)
		require.ErrorContains(t, s.Err(), "answers")
	})
}
