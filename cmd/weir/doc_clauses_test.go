package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
)

// A clause is cut at the first comparison in it.
func TestSplitClause(t *testing.T) {
	for arg, want := range map[string][3]string{
		"a=b": {"a", "=", "b"}, "a=": {"a", "=", ""}, "=b": {"", "=", "b"}, "a=b=c": {"a", "=", "b=c"},
		"a:=b": {"a", ":=", "b"}, "a!=b": {"a", "!=", "b"}, "a:b=c": {"a:b", "=", "c"}, ":=b": {"", ":=", "b"},
		"a<b": {"a", "<", "b"}, "a<=b": {"a", "<=", "b"}, "a>b": {"a", ">", "b"}, "a>=b": {"a", ">=", "b"},
		"a:<b": {"a:", "<", "b"}, "a==b": {"a", "=", "=b"}, "a<>b": {"a", "<", ">b"}, "a": {}, "": {},
	} {
		field, is, value := splitClause(arg)
		assert.Equal(t, want, [3]string{field, is, value}, arg)
		assert.Equal(t, is != "", isClause(arg), arg)
	}
}

// Two numbers are compared as such, all else as texts, and what is not there
// with nothing.
func TestClauseHolds(t *testing.T) {
	r := record{ID: "r", Fields: map[string]json.RawMessage{
		"n": json.RawMessage("10"), "s": json.RawMessage(`"10"`), "big": json.RawMessage("9007199254740993"),
		"f": json.RawMessage("1.5e1"), "d": json.RawMessage(`"2026-11-27"`), "b": json.RawMessage("true"),
		"o": json.RawMessage(`{"a":1,"b":[2]}`), "z": json.RawMessage("null"),
	}}
	quoted := func(field, is, value string) clause { return clause{field, is, quote(value)} }
	for _, c := range []clause{
		quoted("n", "=", "10"), quoted("s", "=", "10"), quoted("n", ">", "9"), quoted("s", ">", "9"),
		quoted("n", "=", "10.0"), quoted("n", "!=", "010"), quoted("f", ">", "14"), quoted("f", "<=", "15"),
		quoted("big", "!=", "9007199254740992"), quoted("big", ">", "9007199254740992"),
		quoted("d", "<", "2026-12-01"), quoted("d", ">=", "2026"), quoted("b", "=", "true"),
		quoted("z", "=", "null"), quoted("none", "!=", "x"), quoted("o", "=", `{"a":1,"b":[2]}`),
		{"o", ":=", json.RawMessage(`{ "b": [2], "a": 1 }`)}, {"n", ":=", json.RawMessage("10")},
	} {
		assert.True(t, c.holds(r), "%s%s%s", c.Field, c.Is, c.Value)
	}
	for _, c := range []clause{
		quoted("n", "<", "9"), quoted("none", "=", ""), quoted("none", "<", "x"), quoted("none", ">=", "x"),
		quoted("d", "=", "2026"), quoted("n", "=", "NaN"), quoted("b", "!=", "true"),
		{"s", ":=", json.RawMessage("10")}, {"n", ":=", json.RawMessage(`"10"`)},
	} {
		assert.False(t, c.holds(r), "%s%s%s", c.Field, c.Is, c.Value)
	}
}
