package doc

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
)

// FuzzOp feeds any op to the check and, if it passes, to a doc, which is then
// read in every way and written to beside it.
func FuzzOp(f *testing.F) {
	place := entryPlace(replicate.Stamp{Time: 1 << 50, Author: "author"})
	for _, o := range []op{
		{kind: opRemove, row: "r"},
		{kind: opSet, row: "r", age: 1 << 40, cell: "list", value: `"todo"`},
		{kind: opUnset, row: "r"},
		{kind: opUnset, row: "r", age: 1<<64 - 1, cell: "list"},
		{kind: opPlace, row: "r", cell: cellOf("list", `"todo"`), place: place},
	} {
		f.Add(o.encode(), place)
	}
	f.Add("\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01r", "")
	f.Fuzz(func(t *testing.T, op, place string) {
		o, err := parseOp(op)
		if err != nil {
			return
		}
		require.Equal(t, op, o.encode(), "one op, one encoding")
		r, d := open[json.RawMessage](t)
		h, err := r.Open(replicate.ObjectName{Type: JSON.Tag})
		require.NoError(t, err)
		q, err := d.Sequence("list", []byte(`"todo"`))
		require.NoError(t, err)
		for _, id := range []string{o.row, "other"} {
			require.NoError(t, d.Set(id, map[string]json.RawMessage{"list": []byte(`"todo"`)}))
		}
		if _, err = h.Write(op); err != nil {
			return
		}
		_, err = q.InsertBefore("other", nil)
		require.NoError(t, err)
		if q.Has(o.row) {
			_, err = q.InsertAfter(o.row, nil)
			require.NoError(t, err)
		}
		for row, err := range q.All() {
			require.NoError(t, err)
			require.True(t, d.Has(row.ID))
		}
		_, err = pull.Collect(t.Context(), r.Read(nil))
		require.NoError(t, err)
		fuzzPlace(t, o.place, place)
	})
}

// fuzzPlace chooses between what passes for places.
func fuzzPlace(t *testing.T, low, high string) {
	if low == "" || checkPlace(high) != nil || low == high {
		return
	}
	if low > high {
		low, high = high, low
	}
	place, err := gap{low: low, high: high}.choose(replicate.Stamp{Author: "a", Time: 1})
	if err == nil {
		require.Less(t, low, place)
		require.Less(t, place, high)
		require.NoError(t, checkPlace(place))
	}
}
