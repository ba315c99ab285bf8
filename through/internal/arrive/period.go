package arrive

import "time"

// PeriodEnd is the end of the period that at lies in, where periods follow each
// other from start on. Where period is 0 or less, it is at itself.
func PeriodEnd(start, at time.Time, period time.Duration) time.Time {
	if period <= 0 {
		return at
	}
	since := max(0, at.Sub(start))
	return start.Add(since - since%period + period)
}
