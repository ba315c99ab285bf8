package npm

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"time"

	"github.com/weir-go/weir/replicate"
)

// ErrTimestamp is matched by a [LineError] for a timestamp that is no stamp's
// time: it is not above 0 and below 2^48, or has more than 16 binary digits of
// fraction. None is rounded.
var ErrTimestamp = errors.New("timestamp does not fit")

// ticks is how many units of a Time are a millisecond.
const ticks = 1 << 16

// fromFloat returns a timestamp, milliseconds since 1970, as a stamp's time.
func fromFloat(ts float64) (replicate.Time, error) {
	t := ts * ticks // exact: a power of two
	if !(t >= 1 && t < 1<<64) || t != math.Trunc(t) {
		return 0, fmt.Errorf("%w: %v", ErrTimestamp, ts)
	}
	return replicate.Time(t), nil
}

// atMost returns the last time that is not above a timestamp.
func atMost(ts float64) replicate.Time {
	switch t := math.Floor(ts * ticks); {
	case !(t > 0): // or not a number
		return 0
	case t >= 1<<64:
		return math.MaxUint64
	default:
		return replicate.Time(t)
	}
}

// onGrid returns the first time, from t on, that is exactly a float64 of
// milliseconds. Until September 2039 these are 16 units apart.
func onGrid(t replicate.Time) replicate.Time {
	u := unit(t)
	return (t + u - 1) &^ (u - 1)
}

// unit returns how far apart float64s are around t.
func unit(t replicate.Time) replicate.Time {
	return 1 << max(0, bits.Len64(uint64(t))-53)
}

// nearest returns the timestamp that is nearest to a wall clock's reading.
func nearest(now time.Time) replicate.Time {
	ms, ns := now.UnixMilli(), now.UnixNano()
	if ms < 0 {
		return 0
	}
	t := replicate.Time(ms)*ticks + replicate.Time((ns-ms*1e6)*ticks/1e6)
	up, down := onGrid(t), t&^(unit(t)-1)
	if t-down < up-t {
		return down
	}
	return up
}
