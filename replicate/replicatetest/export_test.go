package replicatetest

import "github.com/weir-go/weir/replicate"

// History plays the schedule of a seed, and returns its history.
func History(k Kind, cfg Config, seed uint64) []string {
	t := &trace{}
	if b := play(&k, cfg.withDefaults().plan(seed), t); b != nil {
		t.did(true, "%s: %s", b.law, b.detail)
	}
	return t.lines
}

// LawOfWriting returns the law that it breaks to write one update after having
// seen another, "" if none.
func LawOfWriting(seen, wrote *replicate.Update) string {
	w := &world{kind: &Kind{}, newest: replicate.Clock{}}
	n := &node{w: w}
	id, _ := w.known.add(seen, 0, nil)
	n.received.add(id)
	if n.wrote(wrote); w.breach != nil {
		return w.breach.law
	}
	return ""
}
