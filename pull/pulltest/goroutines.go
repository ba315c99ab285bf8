package pulltest

import (
	"fmt"
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

// fewPlaces is how many places a violation names at most.
const fewPlaces = 8

// summary says of the goroutines but the checks' own where they were created,
// each place once.
func summary(stacks []string) string {
	count := map[string]int{}
	var places []string
	for _, stack := range stacks {
		_, by, ok := strings.Cut(stack, "created by ")
		if !ok || strings.HasPrefix(by, "testing") || strings.HasPrefix(by, "internal/synctest") {
			continue
		}
		by, _, _ = strings.Cut(by, " +0x")
		name, at, _ := strings.Cut(by, " in goroutine ")
		_, at, _ = strings.Cut(at, "\n")
		by = strings.TrimSpace(name) + " " + strings.TrimSpace(at)
		if count[by]++; count[by] == 1 {
			places = append(places, by)
		}
	}
	for i, place := range places {
		if n := count[place]; n > 1 {
			places[i] = fmt.Sprintf("%d of %s", n, place)
		}
	}
	return few(places)
}

// few joins some of a list that may be long.
func few(all []string) string {
	if len(all) <= fewPlaces {
		return strings.Join(all, "; ")
	}
	return fmt.Sprintf("%s; and %d more", strings.Join(all[:fewPlaces], "; "), len(all)-fewPlaces)
}
