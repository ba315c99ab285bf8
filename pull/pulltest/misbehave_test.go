package pulltest_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
)

func bad(faults pulltest.Faults) func() pull.Source[int] {
	return func() pull.Source[int] { return pulltest.Misbehave(pull.Count(3), faults) }
}

// What is within the contract keeps it.
func TestMisbehaveWithinTheLaws(t *testing.T) {
	want := pulltest.SourceOptions[int]{Want: []int{0, 1, 2}}
	two := pulltest.SourceOptions[int]{Want: []int{0, 1}}
	pulltest.Source(t, bad(pulltest.Faults{}), want)
	slow := want
	slow.Quick = bad(pulltest.Faults{Delay: time.Millisecond})
	pulltest.Source(t, bad(pulltest.Faults{Delay: time.Second}), slow)
	failing := two
	failing.End = errBoom
	pulltest.Source(t, bad(pulltest.Faults{After: 2, Fail: errBoom}), failing)
	stalling := two
	stalling.Stalls = true
	pulltest.Source(t, bad(pulltest.Faults{After: 2, Stall: true}), stalling)
	want.Panic = bad(pulltest.Faults{After: 2, Panic: "boom"})
	pulltest.Source(t, bad(pulltest.Faults{}), want)
}

func TestMisbehaveBreaksLaws(t *testing.T) {
	want := pulltest.SourceOptions[int]{Want: []int{0, 1, 2}}
	for law, faults := range map[string]pulltest.Faults{
		"abort":    {Deaf: true},
		"end":      {WrapEnd: true},
		"finality": {Revive: true},
	} {
		assert.True(t, has(pulltest.CheckSource(t, bad(faults), want), law), law)
	}
	assert.True(t, has(pulltest.CheckSource(t, bad(pulltest.Faults{EndWithValue: true}), want), "end"))
}

func has(found []pulltest.Violation, law string) bool {
	for _, v := range found {
		if v.Law == law {
			return true
		}
	}
	return false
}

func TestMisbehaveReleases(t *testing.T) {
	disk := errors.New("disk full")
	var causes []error
	inner := func() pull.Source[int] {
		causes = nil
		return pull.From(func(context.Context) (int, error) { return 1, nil },
			func(cause error) error { causes = append(causes, cause); return nil })
	}
	src := pulltest.Misbehave(inner(), pulltest.Faults{Release: disk})
	_, err := src(t.Context())
	require.NoError(t, err)
	assert.ErrorIs(t, pull.Abort(src, errBoom), disk)
	assert.Equal(t, []error{errBoom}, causes)

	_, err = pull.Collect(t.Context(),
		pulltest.Misbehave(inner(), pulltest.Faults{After: 1, Fail: errBoom}))
	assert.Equal(t, errBoom, err)
	assert.Equal(t, []error{errBoom}, causes)
}

func TestMisbehaveDelays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		src := pulltest.Misbehave(pull.Count(3), pulltest.Faults{Delay: time.Second})
		require.NoError(t, pull.Drain(t.Context(), src))
		assert.Equal(t, 4*time.Second, time.Since(start), "the end takes its time too")
	})
}
