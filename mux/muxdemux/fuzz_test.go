package muxdemux_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/mux/muxdemux"
	"github.com/weir-go/weir/pull"
)

// FuzzSession has a session read anything, in two chunks. It must end, without
// an error or with one of its own; what it says must be lines that another
// session can read.
func FuzzSession(f *testing.F) {
	recording, err := os.ReadFile("testdata/npm.txt")
	require.NoError(f, err)
	var opener, acceptor bytes.Buffer
	for row := range strings.Lines(string(recording)) {
		if line, ok := strings.CutPrefix(row, "A>B "); ok {
			opener.WriteString(line)
		} else if line, ok := strings.CutPrefix(row, "B>A "); ok {
			acceptor.WriteString(line)
		}
	}
	f.Add(opener.Bytes(), 100)
	f.Add(acceptor.Bytes(), 0)
	f.Add([]byte("[\"x\",\"new\",{}]\n[\"x\",\"data\",1e999]\n[\"x\",\"error\",{\"message\":1}]\n"), 20)
	f.Add([]byte("[\"\\ud800\",\"new\",{\"meta\":null}]\n[\"\\ufffd\",\"end\"]\n"), 3)
	f.Fuzz(func(t *testing.T, data []byte, at int) {
		said, err := feed(data, at)
		if err != nil {
			require.True(t, isOurs(err), "%v", err)
		}
		_, err = feed(said, len(said)/2)
		if err != nil {
			require.ErrorIs(t, err, muxdemux.ErrLost, "%q", said) // streams are left
		}
	})
}

// FuzzLine compares what a line says with what encoding/json reads.
func FuzzLine(f *testing.F) {
	for _, seed := range []string{`["x","data",1]`, `["x","data","a,]\\\""]`, `["x","data",{"a":[1,{}]},2]`,
		`[ "x" , "data" , 1 ]`, `["x","data", 1]`, `["x","data",1 ]`, `["x","end"]`, `["x","end" ]`, `["x"]`,
		`["\u0078","é","\n"]`, `[]`, `[1,"x"]`, `"x"`, ` 0`, `["x",1]`, `["x","pause",null]`, `["x","dat","[,"]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		id, event, arg, err := muxdemux.ReadLine(b)
		var parts []json.RawMessage
		var want [2]string
		ok := json.Unmarshal(b, &parts) == nil && len(parts) > 1
		for i := range want {
			ok = ok && parts[i][0] == '"' && json.Unmarshal(parts[i], &want[i]) == nil
		}
		if err != nil {
			ok = ok && len(want[0]) <= 256 && want[0] != "__proto__" && want[1] != "__proto__" && want[1] != "new"
			require.False(t, ok, "%v", err)
			return
		}
		require.True(t, ok)
		require.Equal(t, want, [2]string{id, event})
		if len(parts) < 3 {
			require.Nil(t, arg)
			return
		}
		require.Equal(t, string(parts[2]), string(arg))
	})
}

func isOurs(err error) bool {
	for _, known := range []error{muxdemux.ErrProtocol, muxdemux.ErrLost} {
		if is(err, known) {
			return !is(err, io.EOF)
		}
	}
	return false
}

// feed has a session read data, and a program echo every stream.
func feed(data []byte, at int) (said []byte, err error) {
	at = min(max(at, 0), len(data))
	s := muxdemux.New(duplex.Duplex[[]byte, []byte]{
		Source: pull.Values(bytes.Clone(data[:at]), bytes.Clone(data[at:])),
		Sink: func(ctx context.Context, src pull.Source[[]byte]) error {
			return pull.Each(ctx, src, func(chunk []byte) error {
				said = append(said, chunk...)
				return nil
			})
		},
	}, muxdemux.Config{Hold: 100, Limit: 300, MaxLine: 2000, MaxStreams: 5})
	ctx := context.Background()
	for st, err := range pull.Source[*muxdemux.Stream](s.Accept).All(ctx) {
		if err != nil {
			break
		}
		d := st.Duplex()
		_ = d.Sink(ctx, d.Source)
		_ = pull.Abort(d.Source, nil)
	}
	<-s.Done()
	return said, s.Err()
}

// What is malformed to scuttlebutt, the protocol that runs over this one most
// often, is malformed here too: an error of ours, and no hang.
func TestMalformedElsewhere(t *testing.T) {
	text, err := os.ReadFile("testdata/malformed.json")
	require.NoError(t, err)
	var rows map[string]any
	require.NoError(t, json.Unmarshal(text, &rows))
	require.Greater(t, len(rows), 15)
	for row := range rows {
		row = strings.ReplaceAll(row, `\n`, "\n")
		said, err := feed([]byte(row), len(row)/2)
		require.ErrorIs(t, err, muxdemux.ErrProtocol, "%q", row)
		require.Empty(t, said)
	}
}
