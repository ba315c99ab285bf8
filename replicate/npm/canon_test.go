package npm

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCanonical(t *testing.T) {
	for in, want := range map[string]string{
		` { "b" : 1 , "2":1,"1" : [ ] } `:                 `{"1":[],"2":1,"b":1}`,
		`{"a":1,"b":2,"a":3}`:                             `{"a":3,"b":2}`,
		`{"4294967294":1,"4294967295":2,"00":3,"0":4}`:    `{"0":4,"4294967294":1,"4294967295":2,"00":3}`,
		`[1.0,1e2,-0,-0.0,1E21,1e-7,0.000001,1e999]`:      `[1,100,0,0,1e+21,1e-7,0.000001,null]`,
		`[123456789012345678901,0.1e1,5e-324]`:            `[123456789012345680000,1,5e-324]`,
		`"\u0041\/\u00e9\ud83d\ude00\ud800x\u2028\u0007"`: "\"A/é😀\\ud800x\u2028\\u0007\"",
		"\"\xff\"":         "\"\ufffd\"",
		`"\"\\\b\f\n\r\t"`: `"\"\\\b\f\n\r\t"`,
		`true`:             `true`, `null`: `null`, `{}`: `{}`, `[[],{}]`: `[[],{}]`,
	} {
		got, err := canonical([]byte(in))
		require.NoError(t, err, in)
		assert.Equal(t, want, string(got), in)
		again, err := canonical(got)
		require.NoError(t, err)
		assert.Equal(t, got, again)
		assert.True(t, isCanonical(want))
		assert.Equal(t, in == want, isCanonical(in), in)
	}
	for _, in := range []string{``, ` `, `{`, `[`, `[1`, `[1,`, `[1,]`, `[,1]`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`,
		`{"a":1,}`, `{a:1}`, `{,}`, `"`, `"a`, "\"\n\"", `"\u12"`, `"\x"`, `"\ud8`, `01`, `1.`, `.1`, `1e`, `+1`, `-`,
		`--1`, `tru`, `nul`, `1 2`, `NaN`, `Infinity`, `"\u+123"`} {
		_, err := canonical([]byte(in))
		assert.Error(t, err, in)
	}
}
