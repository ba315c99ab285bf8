package websock

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What parses says a code that may be said and a reason that fits, and is what
// its parts are written as, up to zeros before the code and a space behind it.
// Whatever a peer of ours gives as its cause parses, as the same.
func FuzzParseStop(f *testing.F) {
	for _, word := range []string{
		"stop 4001", "stop 4002 I know", "stop 1000  two spaces", "stop 04001", "stop 4001 ",
		"stop", "stop ", "stop 1005", "stop 1006 lost", "stop 65536", "stop +4001", "stop -1",
		"stop 4_001", "stop\t4001", "STOP 4001", " stop 4001", "end", "",
		"stop 4002 " + strings.Repeat("r", maxReason), "stop 4002 " + strings.Repeat("r", maxReason+1),
	} {
		f.Add(word, uint16(4002), word)
	}
	f.Add("stop 4002 \xFF", uint16(1000), "\xFF\n"+strings.Repeat("ü", maxReason))
	f.Fuzz(func(t *testing.T, word string, code uint16, reason string) {
		got, why, ok := parseStop(word)
		if ok {
			require.True(t, validCode(got), word)
			require.LessOrEqual(t, len(why), maxReason)
			text := string(stopMessage(CloseError{Code: got, Reason: why}))
			digits, _, _ := strings.Cut(word[len(stopWord):], " ")
			same := stopWord + strings.TrimLeft(digits, "0") + word[len(stopWord)+len(digits):]
			require.Equal(t, strings.TrimSuffix(text, " "), strings.TrimSuffix(same, " "))
		} else {
			require.Zero(t, got)
			require.Zero(t, why)
		}
		for _, cause := range []error{&CloseError{Code: Code(code), Reason: reason}, errors.New(reason)} {
			said := sayable(cause)
			got, why, ok := parseStop(string(stopMessage(said)))
			require.True(t, ok, "%v", said)
			require.Equal(t, said, CloseError{Code: got, Reason: why})
			require.LessOrEqual(t, len(stopMessage(said)), maxControl)
		}
	})
}
