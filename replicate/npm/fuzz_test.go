package npm_test

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate/npm"
)

// fuzzLines feeds what a peer might say to a session and what a file might hold to
// a load: nothing panics or hangs, and what was taken in is taken in by another
// from a dump of it, whose dump is the same.
func fuzzLines(f *testing.F, kind string, seeds ...string) {
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	text, err := os.ReadFile("testdata/malformed.json")
	require.NoError(f, err)
	var rows map[string]json.RawMessage
	require.NoError(f, json.Unmarshal(text, &rows))
	for row := range rows {
		f.Add(bytes.ReplaceAll([]byte(row), []byte(`\n`), []byte("\n")))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		s := openKind(t, newReplica(), kind, "A")
		err := feed(t, s, npm.SyncConfig{}, in)
		_, _ = s.Load(t.Context(), pull.Once(bytes.Clone(in)))
		dump, dumpErr := pull.Collect(t.Context(), s.Dump())
		require.NoError(t, dumpErr)
		again := openKind(t, newReplica(), kind, "A")
		_, loadErr := again.Load(t.Context(), pull.Once(bytes.Join(dump, nil)))
		require.NoError(t, loadErr, "%v", err)
		require.Equal(t, history(t, s), history(t, again))
		require.Equal(t, string(s.JSON()), string(again.JSON()))
	})
}

const begin = `{"id":"B","clock":{"B":7.5,"é":3}}` + "\n"

func FuzzModel(f *testing.F) {
	fuzzLines(f, "model", begin+`[["k",{"2":1,"1":[1e21,-0]}],5,"B"]`+"\n\"SYNC\"\n"+`[[5,null],7,"é","sig",1]`+"\n")
}

func FuzzEvents(f *testing.F) {
	fuzzLines(f, "events", begin+`[["e",1,"☃"],5,"B"]`+"\n\"SYNC\"\n")
}

func FuzzValue(f *testing.F) {
	fuzzLines(f, "value", begin+`["v",5,"B"]`+"\n\"SYNC\"\n"+`[{"a":"\ud800"},6,"C"]`)
}

func FuzzDoc(f *testing.F) {
	fuzzLines(f, "doc", begin+`[["r",{"id":"r","_sort":"V","list":"todo"}],5,"B"]`+"\n"+`[["r",null],6,"B"]`+
		"\n\"SYNC\"\n"+`[null,7,"C"]`+"\n"+`[["r",{"_sort":"A!"}],8,"B"]`)
}

func FuzzBucket(f *testing.F) {
	fuzzLines(f, "bucket", begin+`[["m",["k",1]],5,"B"]`+"\n\"SYNC\"\n"+`[["d",["r",{"a":1}]],6,"C"]`+"\n"+`[["v",1],6,"D"]`)
}

// FuzzOp gives the types' Check what a peer of weir's own protocol might send.
func FuzzOp(f *testing.F) {
	for _, seed := range []string{"\x00[\"k\",1]", "\x01\x01B[\"k\",1]", "\x02\x03\"s\"1", "\x03\x01B\x011{}", "\x00null", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, op string) {
		for _, typ := range npm.Types() {
			if typ.Check(op) == nil {
				again, err := npm.Reencode(op)
				require.NoError(t, err)
				require.Equal(t, op, again)
			}
		}
	})
}
