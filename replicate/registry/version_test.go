package registry

import (
	"bufio"
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// elsewhere are the answers that are not those of npm's semver 1.1: by range,
// what it says no to and we say yes, and the other way round. The versions that
// are none by semver.org's rules are in no range here.
var elsewhere = map[string][2][]string{
	"^1": {{"1.0.0", "1.2.0", "1.2.0-alpha", "1.2.3", "1.2.3-beta", "1.2.9", "1.3.0", "1.3.0-rc1", "1.3.5",
		"v1.2.3", "=1.2.3", " 1.2.3 ", "1.2.3+build", "1.2.3-4"}, nil}, // it has no ^
	"^1.2.3": {{"1.2.3", "1.2.9", "1.3.0", "1.3.0-rc1", "1.3.5", "v1.2.3", "=1.2.3", " 1.2.3 ",
		"1.2.3+build"}, nil},
	"^0.9": {{"0.9.2"}, nil},

	// Metadata says nothing about order, and a number behind the - is a tag.
	"1.2.3":                 {{"1.2.3+build"}, nil},
	"=1.2.3":                {{"1.2.3+build"}, nil},
	"v1.2.3":                {{"1.2.3+build"}, nil},
	"1.2.3 1.2.3":           {{"1.2.3+build"}, nil},
	"1.2.3 || 2.x":          {{"1.2.3+build"}, nil},
	"~1.2.3":                {{"1.2.3+build"}, nil},
	">=1.2.3-beta":          {{"1.2.3+build"}, {"1.2.3-4"}},
	"<=1.2.3":               {{"1.2.3-4"}, nil},
	">=1.2.0 <2.0.0 >1.2.3": {nil, {"1.2.3-4"}},
}

// row: 12 semver queries
func TestRangesAreNpms(t *testing.T) {
	versions := []string{"0.0.1", "0.9.2", "1.0.0", "1.2.0", "1.2.0-alpha", "1.2.3", "1.2.3-beta", "1.2.9",
		"1.3.0", "1.3.0-rc1", "1.3.5", "2.0.0", "2.0.0-rc.1", "2.1.4", "10.0.1", "v1.2.3", "=1.2.3", " 1.2.3 ",
		"1.2", "1", "", "1.2.x", "1.2.3+build", "01.2.3", "1.2.3-4"}
	f, err := os.Open("testdata/semver.jsonl") // of semver.satisfies in npm's semver 1.1.4
	require.NoError(t, err)
	defer f.Close()
	rows, used := 0, 0
	for lines := bufio.NewScanner(f); lines.Scan(); rows++ {
		var row [2]json.RawMessage
		var text string
		var want []string
		require.NoError(t, json.Unmarshal(lines.Bytes(), &row))
		require.NoError(t, json.Unmarshal(row[0], &text))
		require.NoError(t, json.Unmarshal(row[1], &want))
		var got []string
		q, err := parseQuery("web@" + text)
		for _, v := range versions {
			if err == nil && q.matches(Service{Role: "web", Version: v}) {
				got = append(got, v)
			}
		}
		odd, is := elsewhere[text]
		if is {
			used++
		}
		want = slices.DeleteFunc(append(want, odd[0]...), func(v string) bool {
			return v == "01.2.3" || slices.Contains(odd[1], v)
		})
		assert.ElementsMatch(t, want, got, "range %q", text)
		if err != nil {
			assert.ErrorIs(t, err, ErrRange)
		}
	}
	assert.Equal(t, 50, rows)
	assert.Equal(t, len(elsewhere), used)
}

func TestQueryIsCutAtTheFirstAt(t *testing.T) {
	for text, want := range map[string]struct{ versioned, none bool }{
		"web":         {true, true},
		"":            {true, true},
		"web@":        {true, false}, // any version, but one
		"web@*":       {true, false},
		"@1.x":        {true, false},
		"db":          {},
		"web@2.x":     {},
		"web@1.x||3":  {true, false},
		"web@1.2.x@3": {},
	} {
		q, err := parseQuery(text)
		if text == "web@1.2.x@3" {
			assert.ErrorIs(t, err, ErrRange)
			continue
		}
		require.NoError(t, err)
		assert.Equal(t, want.versioned, q.matches(Service{Role: "web", Version: "1.2.3"}), text)
		assert.Equal(t, want.none, q.matches(Service{Role: "web"}), text)
	}
}

func FuzzQuery(f *testing.F) {
	for _, text := range []string{"web@1.2.x", "@~1 || >2 <3", "a@^1.2.3-rc.1+b", "@99999999999999999999.x", "@1 - 2"} {
		f.Add(text, "1.2.3")
	}
	f.Fuzz(func(t *testing.T, text, version string) {
		q, err := parseQuery(text)
		if err == nil {
			q.matches(Service{Version: version, Role: q.role})
			return
		}
		require.ErrorIs(t, err, ErrRange)
	})
}
