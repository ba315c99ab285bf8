package registry_test

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate/registry"
	"github.com/weir-go/weir/through/codec"
	"github.com/weir-go/weir/through/frame"
)

var rows = []registry.Row{
	{Kind: "helo", Addr: "127.0.0.1"},
	{Kind: "register", ID: "A<B>", Service: json.RawMessage(`{"role":"☔ & <web>","port":1,"version":null}`)},
	{Kind: "free", ID: "A<B>"},
	{Kind: "synced"},
	{Kind: "heartbeat"},
}

const lines = `["helo","127.0.0.1"]
["register","A<B>",{"role":"☔ & <web>","port":1,"version":null}]
["free","A<B>"]
["synced"]
["heartbeat"]
`

func TestRows(t *testing.T) {
	chunks, err := pull.Collect(t.Context(), registry.EncodeRows(pull.Values(rows...)))
	require.NoError(t, err)
	var text strings.Builder
	for _, c := range chunks {
		text.Write(c)
	}
	assert.Equal(t, lines, text.String())
	got, err := pull.Collect(t.Context(), registry.DecodeRows(pull.Values([]byte(lines)), 0))
	require.NoError(t, err)
	assert.Equal(t, rows, got)
}

// Each malformed line is an error of its kind, with its number, behind the rows
// before it.
func TestMalformedRows(t *testing.T) {
	for line, want := range map[string]error{
		`notjson`:                    nil,
		`{"synced":true}`:            registry.ErrRow,
		`null`:                       registry.ErrRow,
		`[]`:                         registry.ErrRow,
		`42`:                         registry.ErrRow,
		`"HELLO"`:                    registry.ErrRow,
		`[null]`:                     registry.ErrRow,
		`[["register"]]`:             registry.ErrRow,
		`["register"]`:               registry.ErrRow,
		`["register","A"]`:           registry.ErrRow,
		`["register","A",null]`:      registry.ErrRow,
		`["register","A",[]]`:        registry.ErrRow,
		`["register","A","x"]`:       registry.ErrRow,
		`["register",7,{}]`:          registry.ErrRow,
		`["register","",{}]`:         registry.ErrRow,
		`["free"]`:                   registry.ErrRow,
		`["free",{"toString":null}]`: registry.ErrRow,
		`["helo"]`:                   registry.ErrRow,
		`["synced"`:                  nil,
		`["synced"] ["synced"]`:      nil,
		"[\"helo\",\"\xff\"]":        nil,
		`["free","` + strings.Repeat("x", registry.MaxID+1) + `"]`: registry.ErrRow,
		`["free","` + strings.Repeat("x", 70<<10) + `"]`:           frame.ErrTooLarge,
	} {
		t.Run(line[:min(len(line), 32)], func(t *testing.T) {
			src := registry.DecodeRows(pull.Values([]byte("[\"synced\"]\n"+line+"\n[\"synced\"]\n")), 0)
			got, err := pull.Collect(t.Context(), src)
			assert.Equal(t, []registry.Row{{Kind: "synced"}}, got)
			var at *codec.LineError
			require.ErrorAs(t, err, &at)
			assert.EqualValues(t, 2, at.Line)
			if want != nil {
				assert.ErrorIs(t, err, want)
			}
		})
	}
}

// What a later version may say is no error.
func TestUnknownRows(t *testing.T) {
	src := registry.DecodeRows(pull.Values([]byte("[\"gossip\",{}]\r\n\n[\"synced\",1]\n[\"free\",\"A\",1]\n")), 0)
	got, err := pull.Collect(t.Context(), src)
	require.NoError(t, err)
	assert.Equal(t, []registry.Row{{Kind: "gossip"}, {Kind: "synced"}, {Kind: "free", ID: "A"}}, got)
}

func TestCutRow(t *testing.T) {
	_, err := pull.Collect(t.Context(), registry.DecodeRows(pull.Values([]byte(`["helo","12`)), 0))
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

// FuzzRows feeds any bytes to the decoder; what it makes of them comes back the
// same.
func FuzzRows(f *testing.F) {
	f.Add([]byte(lines))
	f.Add([]byte(`["register","A",{"a":1,"a":{"b":[]},"host":"::ffff:1.2.3.4"}]`))
	f.Add([]byte(`["register","__proto__",{"__proto__":{}}]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		rows, err := pull.Collect(t.Context(), registry.DecodeRows(pull.Values(text), 1<<10))
		if err != nil {
			var at *codec.LineError
			require.True(t, errors.As(err, &at), "%v", err)
		}
		again, err := pull.Collect(t.Context(),
			registry.DecodeRows(registry.EncodeRows(pull.Values(rows...)), 1<<14))
		require.NoError(t, err)
		require.Len(t, again, len(rows))
		for i, r := range rows {
			if r.Kind != registry.RowRegister {
				require.Equal(t, r, again[i])
				continue
			}
			require.Equal(t, r.ID, again[i].ID)
			require.JSONEq(t, string(r.Service), string(again[i].Service))
		}
	})
}
