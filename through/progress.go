package through

import (
	"context"
	"io"
	"sync/atomic"
	"time"

	"github.com/weir-go/weir/pull"
)

// A Progress counts what passes [Track], for a progress bar or a status line.
// Several streams may share one, which then counts their sum. The zero value is
// ready; it must not be copied. All may be used from any goroutine, except that
// the fields are set before the first call of a stream.
type Progress struct {
	// Values is how many values there will be; 0 means that it is not known.
	Values int64

	// Bytes is how many bytes there will be; 0 means that it is not known.
	Bytes int64

	values, bytes  atomic.Int64
	failure        atomic.Pointer[error]
	open           atomic.Int64 // streams that have begun and not ended
	started, ended atomic.Int64 // nanoseconds, Unix time; 0: not yet
}

// A Report is a [Progress] at one moment. The counts and the time are read one
// after the other, while streams move on.
type Report struct {
	Values  int64         // how many have passed
	Bytes   int64         // their sizes; 0 if Track was given no size
	Elapsed time.Duration // since the first call, until the last end

	// ValueRate and ByteRate are per second, on average since the first call;
	// 0 if no time has passed.
	ValueRate, ByteRate float64

	// Left is how long the rest takes at the average rate; 0 after a clean end.
	// It is -1 if there is nothing to say: there is no total, nothing has passed
	// yet, or all is over before the total was reached, as Err tells. Bytes
	// decide, where their total is known.
	Left time.Duration

	// Done says that every stream that has begun has ended, well or not.
	Done bool

	// Err is what the first stream that did not end cleanly has ended with: its
	// failure, or what it was aborted with (pull.ErrStopped where the reader had
	// enough); nil if there is none.
	Err error
}

// Track returns the values of src, and counts them in p, with size of each as
// its bytes; a nil size counts none. It costs two or three atomic additions a
// value.
func Track[T any](src pull.Source[T], p *Progress, size func(T) int) pull.Source[T] {
	begun := false
	tapped := Tap(src, func(v T) {
		if size != nil {
			p.bytes.Add(int64(size(v)))
		}
		p.values.Add(1)
	}, p.end)
	return func(ctx context.Context) (T, error) {
		if !begun {
			begun = true
			p.begin()
		}
		return tapped(ctx)
	}
}

func (p *Progress) begin() {
	p.open.Add(1)
	p.started.CompareAndSwap(0, time.Now().UnixNano())
}

func (p *Progress) end(err error) {
	if err != io.EOF {
		p.failure.CompareAndSwap(nil, &err)
	}
	p.ended.Store(time.Now().UnixNano())
	p.open.Add(-1)
}

// Report returns how far the streams are.
func (p *Progress) Report() Report {
	open, started, ended := p.open.Load(), p.started.Load(), p.ended.Load()
	r := Report{
		Values: p.values.Load(),
		Bytes:  p.bytes.Load(),
		Left:   -1,
		Done:   started != 0 && open == 0,
	}
	if failure := p.failure.Load(); failure != nil {
		r.Err = *failure
	}
	switch {
	case started == 0:
		return r
	case !r.Done:
		ended = time.Now().UnixNano()
	}
	r.Elapsed = max(0, time.Duration(ended-started))
	if s := r.Elapsed.Seconds(); s > 0 {
		r.ValueRate, r.ByteRate = float64(r.Values)/s, float64(r.Bytes)/s
	}
	switch {
	case r.Done && r.Err == nil:
		r.Left = 0
	case p.Bytes > 0:
		r.Left = left(r.Bytes, p.Bytes, r.ByteRate)
	case p.Values > 0:
		r.Left = left(r.Values, p.Values, r.ValueRate)
	}
	if r.Done && r.Left > 0 {
		r.Left = -1
	}
	return r
}

// left is how long it takes from done to total.
func left(done, total int64, rate float64) time.Duration {
	switch {
	case done >= total:
		return 0
	case rate == 0:
		return -1
	}
	const most = float64(1<<63 - 1024) // what a Duration can hold
	return time.Duration(min(most, float64(total-done)/rate*float64(time.Second)))
}
