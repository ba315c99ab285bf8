package through

import (
	"context"
	"sync/atomic"

	"github.com/weir-go/weir/pull"
)

// A Probe counts the values that pass one point of a pipeline, and keeps how
// the stream ended there: two probes around a stage say what it makes of its
// input, how many values it has left out or lost, and where nothing moves. The
// zero value is ready; it must not be copied. Its methods may be called from any
// goroutine.
type Probe struct {
	values atomic.Int64
	end    atomic.Pointer[error]
}

// Trace returns the values of src, and counts them in p, at one atomic addition
// a value. A nil p costs nothing: Trace then returns src. A probe belongs to
// one stream.
func Trace[T any](src pull.Source[T], p *Probe) pull.Source[T] {
	if p == nil {
		return src
	}
	var end error
	return func(ctx context.Context) (T, error) {
		if end != nil {
			var zero T
			return zero, end
		}
		v, err := src(ctx)
		if err == nil {
			p.values.Add(1)
			return v, nil
		}
		end = err
		p.end.Store(&end)
		return v, err
	}
}

// Values returns how many values have passed.
func (p *Probe) Values() int64 { return p.values.Load() }

// End returns what the stream ended with, io.EOF at a clean end, or nil while
// it has not ended.
func (p *Probe) End() error {
	if err := p.end.Load(); err != nil {
		return *err
	}
	return nil
}
