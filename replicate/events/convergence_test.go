package events_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/events"
	"github.com/weir-go/weir/replicate/replicatetest"
)

// oracle is what a set of updates comes to, in the simplest way: an event
// counts unless any trim of its author reaches up to it.
func oracle(updates []*replicate.Update) string {
	bounds := map[replicate.Author]replicate.Time{}
	for _, u := range updates {
		if op := u.Op(); op[0] == 1 {
			author, time := u.Stamp().Author, []byte(op[2:])
			if op[1] != 0 {
				author, time = replicate.Author(op[2:26]), []byte(op[26:])
			}
			t := min(replicate.Time(binary.BigEndian.Uint64(time)), u.Stamp().Time-1)
			bounds[author] = max(bounds[author], t)
		}
	}
	var lines []string
	for a, t := range bounds {
		lines = append(lines, fmt.Sprint("bound ", replicate.Stamp{Time: t, Author: a}))
	}
	for _, u := range updates {
		if s := u.Stamp(); u.Op()[0] == 0 && s.Time > bounds[s.Author] {
			lines = append(lines, fmt.Sprint("event ", s))
		}
	}
	slices.Sort(lines)
	return fmt.Sprint(lines)
}

func TestConvergence(t *testing.T) {
	replicatetest.Run(t, replicatetest.Kind{
		Types:  []replicate.Type{events.JSON},
		Open:   openSubject,
		Oracle: oracle,
	}, replicatetest.Config{})
}

// openSubject emits and trims, and shows what a reader can see.
func openSubject(r *replicate.Replica) (replicatetest.Subject, error) {
	e, err := events.Open[int](r, "")
	if err != nil {
		return replicatetest.Subject{}, err
	}
	h, err := r.Open(replicate.ObjectName{Type: events.JSON.Tag})
	return replicatetest.Subject{
		Edit: func(rnd *rand.Rand) (err error) {
			switch rnd.IntN(5) {
			case 0:
				_, err = e.Trim(rnd.IntN(4))
			default:
				_, err = e.Emit("n", rnd.IntN(100))
			}
			return err
		},
		State: func() (shown string) {
			h.View(func(o replicate.Object) { shown = events.Shown(o) })
			return shown
		},
	}, err
}

// FuzzOp feeds any op to the check and, if it passes, to a replica.
func FuzzOp(f *testing.F) {
	f.Add("\x00\x01k1")
	f.Add("\x00\x80\x20" + strings.Repeat("k", 4096) + "null")
	f.Add("\x01\x00\x00\x00\x00\x00\x00\x00\x00\x01")
	f.Add("\x01\x01" + strings.Repeat("a", 24) + "\xff\xff\xff\xff\xff\xff\xff\xff")
	f.Fuzz(func(t *testing.T, op string) {
		r, e := open[any](t)
		_, err := e.Emit("before", nil)
		require.NoError(t, err)
		h, err := r.Open(replicate.ObjectName{Type: events.JSON.Tag})
		require.NoError(t, err)
		if _, err = h.Write(op); err != nil {
			return
		}
		_, err = e.Emit("after", nil)
		require.NoError(t, err)
		src := e.Events(0)
		for i := e.Len(); i > 0; i-- {
			_, err := src(t.Context())
			require.NoError(t, err)
		}
	})
}
