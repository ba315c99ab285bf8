package replicate_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/model"
)

func anyRule() *rapid.Generator[replicate.Rule] {
	return rapid.Custom(func(t *rapid.T) replicate.Rule {
		r := replicate.Rule{
			Type:   rapid.SampledFrom([]string{"", "model/json", "model/raw", "plain"}).Draw(t, "type"),
			Name:   rapid.SampledFrom([]string{"", "a", "ab", "b"}).Draw(t, "name"),
			Prefix: rapid.Bool().Draw(t, "prefix"),
		}
		if r.Type != "" {
			r.Key = rapid.SampledFrom([]string{"", "", "k", "kl", "l"}).Draw(t, "key")
		}
		return r
	})
}

func anyFilter() *rapid.Generator[replicate.Filter] {
	return rapid.Custom(func(t *rapid.T) replicate.Filter {
		if rapid.IntRange(0, 9).Draw(t, "all") == 0 {
			return replicate.Filter{}
		}
		return replicate.Only(rapid.SliceOfN(anyRule(), 0, 4).Draw(t, "rules")...)
	})
}

// oracle says what one of rules names, in so many words.
func oracle(f replicate.Filter, o replicate.ObjectName, key string) bool {
	ok := f.All()
	for _, r := range f.Rules() {
		name := r.Name == o.Name || r.Prefix && strings.HasPrefix(o.Name, r.Name)
		keyed := r.Key == "" || o.Type != "plain" && strings.HasPrefix(key, r.Key)
		ok = ok || (r.Type == "" || r.Type == o.Type) && name && keyed
	}
	return ok
}

// written are updates of all kinds: types with keys and one without.
func written(t testing.TB) (all []*replicate.Update) {
	raw, plain := model.TypeOf("model/raw"), model.TypeOf("plain")
	plain.Key = nil
	r := replicate.New(replicate.Config{Types: []replicate.Type{model.JSON, raw, plain}, Now: noon})
	for _, tag := range []string{"model/json", "model/raw", "plain"} {
		for _, name := range []string{"", "a", "ab", "abc", "b"} {
			h, err := r.Open(replicate.ObjectName{Type: tag, Name: name})
			require.NoError(t, err)
			for _, key := range []string{"", "k", "kl", "klm", "l"} {
				_, err := h.Write("\x01" + string(rune(len(key))) + key + "1")
				require.NoError(t, err)
			}
		}
	}
	return r.Live()
}

// The laws of filters, against the oracle: what passes, both, containing, and
// one encoding for what has the same rules.
func TestFilterLaws(t *testing.T) {
	all := written(t)
	require.Len(t, all, 75)
	rapid.Check(t, func(t *rapid.T) {
		f, g := anyFilter().Draw(t, "f"), anyFilter().Draw(t, "g")
		both := f.Intersect(g)
		contains := true
		for _, u := range all {
			key := keyOf(u)
			require.Equal(t, oracle(f, u.Object(), key), f.Passes(u), "%v of %v by %q", u.Object(), f, key)
			require.Equal(t, f.Passes(u) && g.Passes(u), both.Passes(u), "%v, %v: %v", f, g, both)
			contains = contains && (f.Passes(u) || !g.Passes(u))
		}
		require.True(t, contains || !f.Contains(g), "%v does not contain %v", f, g)
		require.True(t, f.Contains(both) && g.Contains(both), "%v, %v: %v", f, g, both)
		require.True(t, f.Contains(f))
		require.Equal(t, both.Code(), g.Intersect(f).Code())
		require.Equal(t, f.Code(), f.Intersect(f).Code())
		require.Equal(t, f.All(), len(f.Code()) == 0)

		rules := f.Rules()
		slices.Reverse(rules)
		if !f.All() {
			again := replicate.Only(append(rules, rules...)...)
			require.Equal(t, f.Code(), again.Code())
		}
		parsed, err := replicate.ParseFilter(f.Code())
		require.NoError(t, err)
		require.Equal(t, f.Code(), parsed.Code())
	})
}

func TestFilterText(t *testing.T) {
	for want, f := range map[string]replicate.Filter{
		"everything":       {},
		"nothing":          replicate.Only(),
		"*:a":              replicate.Only(replicate.Rule{Name: "a"}),
		"*:a*, t:b/k*":     replicate.Only(replicate.Rule{Type: "t", Name: "b", Key: "k"}, replicate.Rule{Name: "a", Prefix: true}),
		"everything again": replicate.Only(replicate.Rule{Prefix: true}, replicate.Rule{Name: "a"}),
	} {
		require.Equal(t, strings.TrimSuffix(want, " again"), f.String())
	}
}

func TestFilterLimits(t *testing.T) {
	var many, kinds []replicate.Rule
	for i := range 64 {
		many = append(many, replicate.Rule{Name: fmt.Sprint(i)})
		kinds = append(kinds, replicate.Rule{Type: fmt.Sprint("type", i), Prefix: true})
	}
	both := replicate.Only(many...).Intersect(replicate.Only(kinds...))
	require.Len(t, both.Rules(), 64*64)
	require.ErrorIs(t, both.Check(), replicate.ErrTooLarge)
	many = nil
	for i := range 65 {
		many = append(many, replicate.Rule{Name: fmt.Sprint(i)})
	}
	long := strings.Repeat("n", replicate.MaxName)
	require.NoError(t, replicate.Only(many[:64]...).Check())
	require.ErrorIs(t, replicate.Only(many...).Check(), replicate.ErrTooLarge)
	require.NoError(t, replicate.Only(replicate.Rule{Type: long, Name: long, Key: long}).Check())
	require.ErrorIs(t, replicate.Only(replicate.Rule{Name: long + "n"}).Check(), replicate.ErrTooLarge)
	many = nil
	for i := range 5 {
		many = append(many, replicate.Rule{Type: fmt.Sprint(i), Name: long[:4000]})
	}
	require.ErrorIs(t, replicate.Only(many...).Check(), replicate.ErrTooLarge)
}

// A filter has one encoding; others are refused, and so is what claims more
// than is there.
func TestFilterRefusedUnlessCanonical(t *testing.T) {
	a, ab := "\x00\x01a\x01\x00", "\x00\x02ab\x01\x00"
	prefix := "\x00\x01a\x00\x00"
	for _, code := range []string{"\x00", "\x01" + a, "\x02" + a + ab, "\x02" + a + "\x00\x01b\x01\x00"} {
		_, err := replicate.ParseFilter([]byte(code))
		require.NoError(t, err, "%q", code)
	}
	for what, code := range map[string]string{
		"order":      "\x02" + ab + a,
		"twice":      "\x02" + a + a,
		"contained":  "\x02" + prefix + ab,
		"everything": "\x01\x00\x00\x00\x00",
		"flag":       "\x01\x00\x01a\x02\x00",
		"more":       "\x01" + a + "x",
		"less":       "\x02" + a,
		"count":      "\xff\xff\x03" + a,
		"key":        "\x01\x00\x01a\x01\x01k",
	} {
		_, err := replicate.ParseFilter([]byte(code))
		require.ErrorIs(t, err, replicate.ErrCorrupt, what)
	}
}
