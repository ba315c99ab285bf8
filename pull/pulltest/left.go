package pulltest

import (
	"bytes"
	"context"
	"fmt"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// What is left of a stream is looked for in two ways, outside a bubble, where
// goroutines are the runtime's own business.
//
// A goroutine hands its profiler labels on to those it starts, so the profile
// of all goroutines tells which of them an ending has started, whatever else
// the process does. That sees every goroutine that still is.
//
// The profile goroutineleak, of binaries built with GOEXPERIMENT=
// goroutineleakprofile, has the goroutines that no one can wake any more, since
// nothing reaches what they wait for. It sees those of other goroutines'
// making too, but not one that waits for a timer, or in a bubble.

// labelKey is the key of the label that marks an ending's goroutines.
const labelKey = "weir pulltest ending"

// labels counts the endings of this process.
var labels atomic.Uint64

// marked runs f in a goroutine with a label of its own.
func marked(f func()) (c *call[struct{}], label string) {
	label = strconv.FormatUint(labels.Add(1), 10)
	ctx := pprof.WithLabels(context.Background(), pprof.Labels(labelKey, label))
	c = start(func() (struct{}, error) {
		pprof.SetGoroutineLabels(ctx)
		f()
		return struct{}{}, nil
	})
	return c, label
}

// left returns where the goroutines with a label were created or are now, once
// those that are on their way out have gone.
func left(label string) []string {
	mark := fmt.Sprintf("%q:%q", labelKey, label)
	var found []string
	for pause := time.Microsecond; pause < realPrompt; pause *= 2 {
		if found = stacks("goroutine", mark); len(found) == 0 {
			return nil
		}
		time.Sleep(pause)
	}
	return found
}

// leaked returns the goroutines in the profile goroutineleak; ok says that
// there is such a profile.
func leaked() (found []string, ok bool) {
	if pprof.Lookup("goroutineleak") == nil {
		return nil, false
	}
	return stacks("goroutineleak", ""), true
}

// stacks returns the records of a profile that contain mark, each in a line.
func stacks(profile, mark string) []string {
	var text bytes.Buffer
	_ = pprof.Lookup(profile).WriteTo(&text, 1)
	_, records, _ := strings.Cut(text.String(), "\n")
	var found []string
	for record := range strings.SplitSeq(records, "\n\n") {
		if record = strings.TrimSpace(record); record != "" && strings.Contains(record, mark) {
			found = append(found, frames(record))
		}
	}
	return found
}

// frames returns the functions of a profile's record, the innermost first, and
// how many goroutines have that stack.
func frames(record string) string {
	count, _, _ := strings.Cut(record, " ")
	var names []string
	for line := range strings.SplitSeq(record, "\n") {
		if fields := strings.Fields(line); len(fields) > 2 && fields[0] == "#" &&
			strings.HasPrefix(fields[1], "0x") {
			name, _, _ := strings.Cut(fields[2], "+0x")
			names = append(names, name)
		}
	}
	return count + " in " + strings.Join(names, " < ")
}
