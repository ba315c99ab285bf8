package model

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// What is taken for a plain string is one, and strings without escapes are.
func TestPlainStringsAreJSON(t *testing.T) {
	const letters = "\"\\a1 \x1f\x80"
	texts := []string{""}
	for from := 0; len(texts[from]) < 4; from++ {
		for i := range len(letters) {
			texts = append(texts, texts[from]+letters[i:i+1])
		}
	}
	plain := 0
	for _, text := range texts {
		if isPlain(text) {
			plain++
			require.True(t, json.Valid([]byte(text)), "%q", text)
		}
	}
	require.Equal(t, 1+4+4*4, plain)
}
