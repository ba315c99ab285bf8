package registry

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/weir-go/weir/replicate"
)

// A process that was stopped gives all leases the time that it has lost; one that
// is in time gives none.
func TestStoppedProcessFreesNothing(t *testing.T) {
	now := time.Now()
	b := newBoard(45*time.Second, func(string) {})
	b.put(&claim{record: record{raw: "{}"}, id: "X", holder: "H", stamp: replicate.Stamp{Time: 1}}, now)
	b.put(&claim{record: record{raw: "{}"}, id: "Y", holder: "self"}, now)
	b.holder("self", now).until = time.Time{}
	now = now.Add(40 * time.Second)
	b.lapse(now)
	assert.NotNil(t, b.shown["X"])

	now = now.Add(time.Hour) // nobody looked
	b.extend(time.Hour)
	next := b.lapse(now)
	assert.NotNil(t, b.shown["X"])
	assert.Equal(t, 5*time.Second, next.Sub(now))
	now = next
	b.lapse(now)
	assert.Nil(t, b.shown["X"])
	assert.NotNil(t, b.shown["Y"], "what is held here does not lapse")

	// What has been dead for so long is in no replica any more.
	b.lapse(now.Add(Keep))
	assert.Len(t, b.holders, 2)
	b.lapse(now.Add(Keep + 1))
	assert.Len(t, b.holders, 1)
	assert.Nil(t, b.claims["X"])
	b.renew("H", time.Second, now)
	assert.Nil(t, b.shown["X"])
}

// What a holder asks for is bounded, and what makes no sense is the default.
func TestLeases(t *testing.T) {
	b := newBoard(45*time.Second, nil)
	for text, want := range map[string]time.Duration{
		`{"lease":1000}`:          time.Second,
		`{"lease":0}`:             45 * time.Second,
		`{"lease":-1}`:            45 * time.Second,
		`{"lease":3600001}`:       45 * time.Second,
		`{"lease":"x"}`:           45 * time.Second,
		`[`:                       45 * time.Second,
		`{"lease":9e300}`:         45 * time.Second,
		`{"lease":3600000,"x":1}`: time.Hour,
	} {
		assert.Equal(t, want, b.leaseOf([]byte(text)), text)
	}
}
