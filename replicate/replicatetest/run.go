package replicatetest

import "testing"

// Run plays random schedules and fails t with the first broken law, by the
// shortest history that shows it. It may run in parallel with others.
func Run(t testing.TB, k Kind, cfg Config) {
	t.Helper()
	if f := Check(k, cfg); f != nil {
		t.Error(f)
	}
}

// Check is [Run], except that it returns the failure, or nil if there is none.
func Check(k Kind, cfg Config) *Failure {
	cfg = cfg.withDefaults()
	for i := range uint64(cfg.Schedules) {
		p := cfg.plan(cfg.Seed + i)
		if b := play(&k, p, nil); b != nil {
			return shrink(&k, p, b)
		}
	}
	return nil
}
