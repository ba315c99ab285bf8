package replicatetest

// History plays the schedule of a seed, and returns its history.
func History(k Kind, cfg Config, seed uint64) []string {
	t := &trace{}
	if b := play(&k, cfg.withDefaults().plan(seed), t); b != nil {
		t.did(true, "%s: %s", b.law, b.detail)
	}
	return t.lines
}
