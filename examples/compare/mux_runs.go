package main

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"time"
)

const (
	chunkSize   = 32 << 10
	itemSize    = 128
	requestSize = 64

	settling = 50 * time.Millisecond // for readers to have come to wait
)

// A meter says how much of something f takes.
type meter func(f func() error) (time.Duration, error)

func wall(f func() error) (time.Duration, error) {
	start := time.Now()
	err := f()
	return time.Since(start), err
}

func cpu(f func() error) (time.Duration, error) {
	before, err := cpuTime()
	if err != nil {
		return 0, err
	}
	err = f()
	after, timeErr := cpuTime()
	return after - before, errors.Join(err, timeErr)
}

// all runs f for 0 to n-1, each in a goroutine, and waits for them.
func all(n int, f func(i int) error) error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs[i] = f(i) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// onLines opens n lines and measures what each end of each does with it.
func onLines(
	ctx context.Context, on setup, n int, by meter, near, far func(line) error,
) (int, error) {
	b, err := on(ctx)
	if err != nil {
		return 0, err
	}
	defer b.end()
	ours, theirs, err := b.lines(ctx, n)
	if err != nil {
		return 0, err
	}
	took, err := by(func() error {
		return all(2*n, func(i int) error {
			if i < n {
				return near(ours[i])
			}
			return far(theirs[i-n])
		})
	})
	if err != nil {
		drop(ours, theirs)
	}
	return int(took), err
}

// transfer sends items of size bytes through n lines at once, so many through
// each.
func transfer(on setup, n, items, size int, by meter) contender {
	chunk := make([]byte, size)
	return func(ctx context.Context) (int, error) {
		return onLines(ctx, on, n, by,
			func(l line) error { return l.send(ctx, chunk, items) },
			func(l line) error { return l.receive(ctx, items*size, func(int) {}) })
	}
}

// requests makes so many round trips through each of n lines at once.
func requests(on setup, n, trips int) contender {
	return func(ctx context.Context) (int, error) {
		return onLines(ctx, on, n, wall,
			func(l line) error {
				return l.ask(ctx, make([]byte, requestSize), trips, func(time.Duration) {})
			},
			func(l line) error { return l.answer(ctx) })
	}
}

// roundTrip is the median of so many round trips.
func roundTrip(on setup, trips int) contender {
	return func(ctx context.Context) (int, error) {
		var laps []time.Duration
		_, err := onLines(ctx, on, 1, wall,
			func(l line) error {
				return l.ask(ctx, make([]byte, requestSize), trips, func(d time.Duration) {
					laps = append(laps, d)
				})
			},
			func(l line) error { return l.answer(ctx) })
		return percentile(laps, 50), err
	}
}

func percentile(laps []time.Duration, p int) int {
	if len(laps) == 0 {
		return 0
	}
	slices.Sort(laps)
	return int(laps[(len(laps)-1)*p/100])
}

// opening opens lines, has a byte sent back on each, and ends them: many one
// after the other on each of 64 goroutines.
func opening(on setup, each int) contender {
	const openers = 64
	return func(ctx context.Context) (int, error) {
		b, err := on(ctx)
		if err != nil {
			return 0, err
		}
		defer b.end()
		took, err := wall(func() error {
			return all(2, func(i int) error {
				if i == 0 {
					return serve(ctx, b, openers*each)
				}
				return all(openers, func(int) error { return openEach(ctx, b, each) })
			})
		})
		return int(took), err
	}
}

// serve answers n lines.
func serve(ctx context.Context, b both, n int) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	failed := make(chan error, n)
	for range n {
		l, err := b.accept(ctx)
		if err != nil {
			return err
		}
		wg.Go(func() { failed <- l.answer(ctx) })
	}
	for range n {
		if err := <-failed; err != nil {
			return err
		}
	}
	return nil
}

func openEach(ctx context.Context, b both, n int) error {
	for range n {
		l, err := b.open(ctx)
		if err == nil {
			err = l.ask(ctx, []byte{1}, 1, func(time.Duration) {})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// idle returns the bytes that one end of a line takes on which a reader waits,
// its goroutine included.
func idle(on setup, n int) contender {
	return func(ctx context.Context) (int, error) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		b, err := on(ctx)
		if err != nil {
			return 0, err
		}
		before := inUse()
		near, far, err := b.lines(ctx, n)
		if err != nil {
			b.end()
			return 0, err
		}
		var wg sync.WaitGroup
		for _, l := range slices.Concat(near, far) {
			wg.Go(func() { _ = l.receive(ctx, 1, func(int) {}) })
		}
		time.Sleep(settling)
		after := inUse()
		cancel()
		for _, l := range slices.Concat(near, far) {
			if c, ok := l.(conn); ok { // those of yamux spin if the session ends first
				_ = c.SetReadDeadline(time.Unix(1, 0))
			}
		}
		wg.Wait()
		b.end()
		runtime.KeepAlive(near)
		runtime.KeepAlive(far)
		return int(after-before) / (2 * n), nil
	}
}

// inUse is what the heap and the stacks have, without what is garbage.
func inUse() uint64 {
	var m runtime.MemStats
	for range 2 {
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}

// A load is bulk on one line and echoes on others, until the bulk has ended.
type load struct {
	warm, bulk int // bytes: before time is taken, and after
	echoes     int // how many lines ask at once
}

// run returns how long the bulk took, and how long the echoes.
func (w load) run(ctx context.Context, on setup) (took time.Duration, laps []time.Duration, err error) {
	b, err := on(ctx)
	if err != nil {
		return 0, nil, err
	}
	defer b.end()
	near, far, err := b.lines(ctx, 1+w.echoes)
	if err != nil {
		return 0, nil, err
	}
	echoing, stop := context.WithCancel(ctx)
	defer stop()
	var mu sync.Mutex
	lap := func(d time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		laps = append(laps, d)
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	defer b.end()
	for i := range w.echoes {
		wg.Go(func() { _ = far[1+i].answer(echoing) })
		wg.Go(func() { _ = near[1+i].ask(echoing, make([]byte, requestSize), 1<<30, lap) })
	}
	took, err = w.move(ctx, near[0], far[0])
	mu.Lock()
	defer mu.Unlock()
	return took, slices.Clone(laps), err
}

// move moves the bulk, and takes the time when it has warmed up.
func (w load) move(ctx context.Context, from, to line) (took time.Duration, err error) {
	chunk := make([]byte, chunkSize)
	items := (w.warm + w.bulk) / chunkSize
	var start time.Time
	got, first := 0, 0
	err = all(2, func(i int) error {
		if i == 0 {
			return from.send(ctx, chunk, items)
		}
		return to.receive(ctx, items*chunkSize, func(n int) {
			if got += n; start.IsZero() && got >= w.warm {
				start, first = time.Now(), got
			}
			took = time.Since(start)
		})
	})
	return took * time.Duration(w.bulk) / time.Duration(max(1, got-first)), err
}

// perMiB is how long each MiB of the bulk takes.
func (w load) perMiB(on setup) contender {
	return func(ctx context.Context) (int, error) {
		took, _, err := w.run(ctx, on)
		return int(took) * (1 << 20) / w.bulk, err
	}
}

// tail is the 99th percentile of the echoes.
func (w load) tail(on setup) contender {
	return func(ctx context.Context) (int, error) {
		_, laps, err := w.run(ctx, on)
		return percentile(laps, 99), err
	}
}

// fixed is something to compare with that need not be measured.
func fixed(cost int) contender {
	return func(context.Context) (int, error) { return cost, nil }
}
