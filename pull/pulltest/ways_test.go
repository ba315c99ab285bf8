package pulltest_test

import (
	"context"
	"io"
	"os"
	"os/exec"
	"regexp"
	"runtime/pprof"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
)

// planted names the leak that TestPlantedLeak plants in a process of its own:
// what is leaked is never got rid of.
const planted = "WEIR_PLANTED_LEAK"

// kept keeps what its goroutines wait for in reach: they could still be woken.
var kept []chan struct{}

// leaks are what a stream does that leaves a goroutine behind, but not in a
// bubble, where it would be seen at once; and what must be said of it by the
// check, by the profile where there is one, and by goleak.
var leaks = map[string]struct {
	do           func()
	live, leaked bool
}{
	"forgotten": {func() { waitFor(make(chan struct{})) }, true, true},
	"in reach": {func() {
		kept = append(kept, make(chan struct{}))
		waitFor(kept[len(kept)-1])
	}, true, false},
	"by another goroutine": {func() { others <- struct{}{}; <-others }, false, true},
}

func waitFor(ch chan struct{}) { go func() { <-ch }() }

// others is asked for leaks that bear nobody's label.
var others = make(chan struct{})

func leakForOthers() {
	for range others {
		waitFor(make(chan struct{}))
		others <- struct{}{}
	}
}

// bubbled says whether the caller is in a bubble of testing/synctest, whose
// clock begins with the year 2000.
func bubbled() bool { return time.Now().Year() == 2000 }

func TestPlantedLeak(t *testing.T) {
	leak, ok := leaks[os.Getenv(planted)]
	if !ok {
		for name := range leaks {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				plant(t, name)
			})
		}
		return
	}
	go leakForOthers()
	once := sync.OnceFunc(leak.do)
	pulltest.Through(t, func(src pull.Source[int]) pull.Source[int] {
		inner := readsThrough(src)
		return func(ctx context.Context) (int, error) {
			v, err := inner(ctx)
			if err != nil && err != io.EOF && !bubbled() {
				once()
			}
			return v, err
		}
	}, pulltest.ThroughOptions[int, int]{})
	pulltest.Source(t, func() pull.Source[int] {
		if !bubbled() {
			leak.do()
		}
		return pull.FromChan(make(chan int))
	}, pulltest.SourceOptions[int]{Stalls: true, Uninterruptible: true})
	close(others)
	assert.NoError(t, goleak.Find(), "goleak")
}

// plant runs the test again with one of the leaks.
func plant(t *testing.T, name string) {
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestPlantedLeak$")
	cmd.Env = append(os.Environ(), planted+"="+name)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit, "%s", out)
	said := func(want bool, law, ending, what string) {
		text := regexp.MustCompile(`law "` + law + `" broken \[in real time: ` + ending + `\]: ` + what)
		assert.Equal(t, want, text.Match(out), "%v in %s", text, out)
	}
	live, leaked := "goroutines left: ", "goroutines that nothing can wake: "
	said(false, "abort", "end", "")
	said(leaks[name].live, "abort", "error from above", live)
	// The goroutine that nobody waits for may not be waiting itself at first.
	said(leaks[name].leaked && profiled(), "abort", "error from (above|below)", leaked)
	said(leaks[name].live, "demand", "never started", live)
	if leaks[name].live { // then it has been waited for
		said(leaks[name].leaked && profiled(), "demand", "never started", leaked)
	}
	assert.Contains(t, string(out), "found unexpected goroutines", "by goleak")
	assert.Contains(t, string(out), "pulltest_test.waitFor")
}

// profiled says whether this process has the profile of leaked goroutines.
func profiled() bool { return pprof.Lookup("goroutineleak") != nil }
