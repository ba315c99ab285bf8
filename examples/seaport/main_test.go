package main

import (
	"bufio"
	"context"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/weir-go/weir/replicate/registry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// sums is what the original program answers, by the worker that was asked; the
// last digits are those of its library's pow.
var sums = map[float64]float64{
	1:   2.7038542917024185e+23,
	111: 3.0012782637896847e+25,
	333: 9.003834791369053e+25,
	555: 1.5006391318948422e+26,
}

// asked returns which worker has made a sum.
func asked(text string) float64 {
	sum, err := strconv.ParseFloat(text, 64)
	for times, want := range sums {
		if err == nil && math.Abs(sum/want-1) < 1e-12 {
			return times
		}
	}
	return 0
}

// started runs f until the test ends, and returns the address in its first line.
func started(t *testing.T, f func(ctx context.Context, out io.Writer) error) (address string, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := f(ctx, w)
		_ = w.CloseWithError(err)
		done <- err
	}()
	line, err := bufio.NewReader(r).ReadString('\n')
	require.NoError(t, err)
	words := strings.Fields(line)
	return words[len(words)-1], func() {
		cancel()
		require.ErrorIs(t, <-done, context.Canceled)
		_ = r.Close()
	}
}

func post(t *testing.T, address string) string {
	t.Helper()
	res, err := http.Post("http://"+address, "", nil)
	if !assert.NoError(t, err) {
		return ""
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	assert.NoError(t, err)
	return strings.TrimSpace(string(text))
}

// Web waits for the first worker, and then asks one of those that are there.
func TestWebAsksWorkers(t *testing.T) {
	at, stopHub := started(t, func(ctx context.Context, out io.Writer) error { return hub(ctx, "127.0.0.1:0", out) })
	defer stopHub()
	work := func(times float64) (stop func()) {
		_, stop = started(t, func(ctx context.Context, out io.Writer) error {
			return join(ctx, at, business, worker(times), out)
		})
		return stop
	}
	front, stopWeb := started(t, func(ctx context.Context, out io.Writer) error {
		return join(ctx, at, registry.Service{Role: "web"}, web, out)
	})
	defer stopWeb()
	defer http.DefaultClient.CloseIdleConnections()

	first := make(chan string)
	go func() { first <- post(t, front) }()
	stopOne := work(1)
	assert.Equal(t, 1.0, asked(<-first))
	for _, times := range []float64{111, 333, 555} {
		defer work(times)()
	}
	stopOne()
	seen := map[float64]bool{}
	require.Eventually(t, func() bool {
		seen[asked(post(t, front))] = true
		return seen[111] && seen[333] && seen[555]
	}, 20*time.Second, time.Millisecond, "%v", seen)
}
