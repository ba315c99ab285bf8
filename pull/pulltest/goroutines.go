package pulltest

import (
	"runtime"
	"strings"
)

// bubbled returns the stacks of the goroutines in the caller's bubble, the
// caller's own first.
func bubbled() []string {
	buf := make([]byte, 1<<16)
	n := runtime.Stack(buf, true)
	for n == len(buf) {
		buf = make([]byte, 2*len(buf))
		n = runtime.Stack(buf, true)
	}
	var ours []string
	var tag string
	for stack := range strings.SplitSeq(string(buf[:n]), "\n\n") {
		head, _, _ := strings.Cut(stack, "\n")
		_, found, _ := strings.Cut(head, "synctest bubble ")
		if tag == "" {
			tag = found
		}
		if found != "" && found == tag {
			ours = append(ours, stack)
		}
	}
	return ours
}

// summary says of each goroutine but the checks' own where it was created.
func summary(stacks []string) string {
	var made []string
	for _, stack := range stacks {
		_, by, ok := strings.Cut(stack, "created by ")
		if !ok || strings.HasPrefix(by, "testing") || strings.HasPrefix(by, "internal/synctest") {
			continue
		}
		by, _, _ = strings.Cut(by, " +0x")
		made = append(made, strings.Join(strings.Fields(by), " "))
	}
	return strings.Join(made, "; ")
}
