package replicatetest

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/weir-go/weir/replicate"
)

// The kinds of frame that a history tells apart; see replicate/PROTOCOL.md.
const (
	kindPosition = 2
	kindUpdates  = 3
	kindMarker   = 4
	kindAck      = 5
)

// kindOf returns the first byte of the payload of a frame.
func kindOf(chunk []byte) byte {
	if _, n := binary.Uvarint(chunk); n > 0 && n < len(chunk) {
		return chunk[n]
	}
	return 0
}

// trace writes a history down. A nil trace writes nothing.
type trace struct{ lines []string }

// letter names an update: a to z, then a2 and so on.
func letter(n int) string {
	s := string(rune('a' + n%26))
	if n >= 26 {
		s += fmt.Sprint(n/26 + 1)
	}
	return s
}

func letters(ids []int) string {
	var s []string
	for _, n := range ids {
		s = append(s, letter(n))
	}
	return strings.Join(s, " ")
}

// names returns the names of updates.
func (t *trace) names(w *world, updates []*replicate.Update) string {
	if t == nil {
		return ""
	}
	var ids []int
	for _, u := range updates {
		if n, ok := w.known.of(u); ok {
			ids = append(ids, n)
		}
	}
	return letters(ids)
}

func (t *trace) did(it bool, format string, args ...any) {
	if t != nil && it {
		t.lines = append(t.lines, fmt.Sprintf(format, args...))
	}
}

func (t *trace) wrote(w *world, n *node) {
	if t == nil {
		return
	}
	for _, u := range n.own {
		if id, ok := w.known.of(u); ok && slices.Contains(n.news, id) {
			t.did(true, "W%d %s  %s", n.index, letter(id), w.kind.describe(u))
		}
	}
}

// clock returns n's clock, for moved.
func (t *trace) clock(n *node) replicate.Clock {
	if t == nil {
		return nil
	}
	return n.r.Clock()
}

// moved notes a frame that was taken in, if it changed anything.
func (t *trace) moved(a, b *node, chunk []byte, clock replicate.Clock) {
	if t == nil {
		return
	}
	switch kindOf(chunk) {
	case kindUpdates:
		t.did(len(b.news) > 0, "%d>%d %s", a.index, b.index, letters(b.news))
		t.did(len(b.news) == 0, "%d>%d what it has", a.index, b.index)
	case kindMarker:
		t.did(clock.Compare(b.r.Clock()) != replicate.Equal, "%d>%d M", a.index, b.index)
	}
}

// sent notes a frame that left.
func (t *trace) sent(a, b *node, chunk []byte) {
	if t == nil {
		return
	}
	what := "hello"
	switch kindOf(chunk) {
	case kindUpdates:
		what = "updates"
	case kindMarker:
		what = "M"
	case kindAck:
		what = "ack"
	}
	t.did(true, "%d> %s on its way to %d", a.index, what, b.index)
}

func (t *trace) dumped(n *node, i int) string {
	if t == nil {
		return ""
	}
	name := fmt.Sprintf("dump %d", i+1)
	t.did(true, "%s of %d", name, n.index)
	return name
}

func (t *trace) loaded(w *world, n *node, name string, cut bool) {
	if t == nil {
		return
	}
	how := ""
	if cut && strings.HasPrefix(name, "dump") {
		how = ", cut off"
	}
	t.did(true, "%d loads %s%s", n.index, name, how)
}
