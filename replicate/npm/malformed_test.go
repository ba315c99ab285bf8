package npm_test

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/npm"
	"github.com/weir-go/weir/through/frame"
)

func newReplica() *replicate.Replica {
	return replicate.New(replicate.Config{Types: npm.Types(), MaxAhead: 1 << 62})
}

// feed runs a session whose peer says this and then ends.
func feed(t testing.TB, s *npm.Scuttlebutt, cfg npm.SyncConfig, chunks ...[]byte) error {
	t.Helper()
	return s.NewSession(cfg).Run(context.Background(), duplex.Duplex[[]byte, []byte]{
		Source: pull.Values(chunks...),
		Sink: func(ctx context.Context, src pull.Source[[]byte]) error {
			return pull.Each(ctx, src, func([]byte) error { return nil })
		},
	})
}

// Every input that makes an original crash, hang, fail or take in nonsense is
// refused with an error that says which line it was, or means nothing. No clock is
// moved by it.
func TestMalformed(t *testing.T) {
	text, err := os.ReadFile("testdata/malformed.json")
	require.NoError(t, err)
	var rows map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(text, &rows))
	want := map[string]error{
		`notjson\n`: npm.ErrLine, `{}\n`: npm.ErrLine, `[]\n`: npm.ErrLine,
		`null\n`: io.ErrUnexpectedEOF, `42\n`: io.ErrUnexpectedEOF, `"HELLO"\n`: io.ErrUnexpectedEOF,
		`{"id":"Z","clock":{}}` + `\n["x"]\n`:                                            npm.ErrLine,
		`{"id":"Z","clock":{}}` + `\n[["k",1],"123","Z"]\n`:                              npm.ErrLine,
		`{"id":"Z","clock":{}}` + `\n[["k",1],123,"__proto__"]\n`:                        npm.ErrLine,
		`{"id":"Z","clock":{}}` + `\n[["__proto__",1],123,"Z"]\n`:                        npm.ErrLine,
		`{"id":"Z","clock":{}}` + `\n[["k",1],0,"Z"]\n[["k",2],0,"Z"]\n`:                 npm.ErrTimestamp,
		`{"id":"Z","clock":{}}` + `\n[["k",1],-5,"Z"]\n[["k",2],-5,"Z"]\n`:               npm.ErrTimestamp,
		`{"id":"Z","clock":{}}` + `\n[["k",1],1e308,"Z"]\n[["k",2],1700000000000,"Z"]\n`: npm.ErrTimestamp,
		`{"id":"Z","clock":{}}` + `\n[null,5,"Z"]\n`:                                     npm.ErrLine,
		`{"id":"Z","clock":{}}` + `\n{"id":"Z","clock":{}}\n`:                            npm.ErrLine,
		`"SYNC"\n{"id":"Z","clock":{}}\n`:                                                nil,
		`{"id":"Z","clock":{}}` + "\r" + `\n\n  \n"SYNC"\n`:                              npm.ErrLine,
		`[["k",1],7,"Z"]\n`: io.ErrUnexpectedEOF,
	}
	for row := range rows {
		t.Run(row, func(t *testing.T) {
			wanted, known := want[row]
			require.True(t, known)
			s := openKind(t, newReplica(), "model", "A")
			err := feed(t, s, npm.SyncConfig{}, []byte(strings.ReplaceAll(row, `\n`, "\n")))
			if wanted == nil {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, wanted)
			}
			assert.Empty(t, s.Replica().Clock(), "no clock has moved")
			assert.Equal(t, row == `[["k",1],7,"Z"]\n`, s.Replica().Len() == 1)
		})
	}
}

// A header of what cannot be, and other lines that no original would write.
func TestRefused(t *testing.T) {
	for name, c := range map[string]struct {
		kind, line string
		want       error
	}{
		"clock of texts":     {"model", `{"id":"Z","clock":{"Z":"1"}}`, npm.ErrLine},
		"clock of the far":   {"model", `{"id":"Z","clock":{"Z":1e308}}`, npm.ErrTimestamp},
		"no clock":           {"model", `{"id":"Z"}`, npm.ErrLine},
		"key is an object":   {"model", `[[{},1],5,"Z"]`, npm.ErrLine},
		"row is a number":    {"doc", `[[1,{}],5,"Z"]`, npm.ErrLine},
		"row is no object":   {"doc", `[["r",[]],5,"Z"]`, npm.ErrLine},
		"row without fields": {"doc", `[["r"],5,"Z"]`, npm.ErrLine},
		"row __proto__":      {"doc", `[["__proto__",{"a":1}],5,"Z"]`, npm.ErrLine}, // row: 21 __proto__
		"field __proto__":    {"doc", `[["r",{"__proto__":1}],5,"Z"]`, npm.ErrLine},
		"unknown part":       {"bucket", `[["nope",["k",1]],5,"Z"]`, npm.ErrUnknownPart},
		"part of nothing":    {"bucket", `["m",5,"Z"]`, npm.ErrLine},
		"event without name": {"events", `[[],5,"Z"]`, npm.ErrLine},
		"too fine":           {"value", `[1,5.000001,"Z"]`, npm.ErrTimestamp},
		"deep":               {"value", strings.Repeat("[", 2000), npm.ErrLine},
		"cut":                {"value", `[1,5,"Z`, io.ErrUnexpectedEOF},
		"behind the value":   {"value", `[1,5,"Z"]]`, npm.ErrLine},
	} {
		t.Run(name, func(t *testing.T) {
			s := openKind(t, newReplica(), c.kind, "A")
			line := c.line
			if name != "cut" {
				line += "\n"
			}
			require.ErrorIs(t, feed(t, s, npm.SyncConfig{}, []byte(line)), c.want)
			assert.Empty(t, s.Clock())
			assert.Zero(t, s.Replica().Len())
		})
	}
	s := openKind(t, replicate.New(replicate.Config{Types: npm.Types()}), "model", "A")
	require.ErrorIs(t, feed(t, s, npm.SyncConfig{}, []byte(`[["k",1],9795206777872,"Z"]`)), replicate.ErrFuture)
	require.ErrorIs(t, feed(t, s, npm.SyncConfig{MaxLine: 10}, []byte(`[["k",1],9,"Z"]`)), frame.ErrTooLarge)
}
