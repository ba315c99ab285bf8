package rx

import (
	"context"
	"io"
	"sync/atomic"

	"github.com/reactivex/rxgo/v2"
	"github.com/weir-go/weir/pull"
)

// Observable returns src as an observable of T, which starts nothing before it
// is observed. Then one goroutine calls src under the observer's context and
// sends each value as one item, a slice too: src is ahead of the observer by
// one value, and one for each operator between them.
//
// src's end closes the channel; its failure is an error item before that. When
// the observer's context is done, src is aborted because of it, before the
// channel is closed. Whoever observes must read to the end or cancel the
// context, and src must be aborted if nobody does.
func Observable[T any](src pull.Source[T]) rxgo.Observable {
	p := newProducer(src)
	return &observed{Observable: p.observable(), p: p}
}

// observed is an observable of which Source knows where it comes from.
type observed struct {
	rxgo.Observable
	p upstream
}

// A producer sends the values of a source to one observer.
type producer[T any] struct {
	src    pull.Source[T]
	taken  atomic.Bool     // somebody runs or ended it
	own    context.Context // what src is called under; nil: the observer's
	demand chan struct{}   // a value is wanted; nil: always
	done   chan struct{}   // closed when run has returned
	err    error           // what went wrong in an abort; read it after done
}

func newProducer[T any](src pull.Source[T]) *producer[T] {
	return &producer[T]{src: src, done: make(chan struct{})}
}

func (p *producer[T]) observable() rxgo.Observable {
	return rxgo.Defer([]rxgo.Producer{p.run})
}

func (p *producer[T]) run(observer context.Context, next chan<- rxgo.Item) {
	if p.taken.Swap(true) {
		rxgo.Error(ErrConsumed).SendContext(observer, next)
		return
	}
	defer close(p.done)
	ctx := p.own
	if ctx == nil {
		ctx = observer
	}
	for {
		if !p.wanted(observer) {
			p.abort(ctx, pull.Cause(ended(ctx, observer)))
			return
		}
		v, err := p.call(ctx)
		if err == io.EOF {
			return
		}
		if err != nil {
			p.note(err)
			rxgo.Error(err).SendContext(observer, next)
			return
		}
		if !rxgo.Of(v).SendContext(observer, next) {
			p.abort(ctx, pull.Cause(ended(ctx, observer)))
			return
		}
	}
}

// ended returns the context that is done, the first one where both are.
func ended(a, b context.Context) context.Context {
	if a.Err() != nil {
		return a
	}
	return b
}

// wanted waits for demand; it is false when the observer has gone.
func (p *producer[T]) wanted(observer context.Context) bool {
	if p.demand == nil {
		return true
	}
	select {
	case <-p.demand:
		return true
	case <-observer.Done():
		return false
	}
}

// call calls the source, whose panic becomes an error.
func (p *producer[T]) call(ctx context.Context) (v T, err error) {
	defer func() {
		if r := recover(); r != nil {
			panicked := pull.NewPanicError(r)
			p.abort(ctx, panicked)
			err = panicked
		}
	}()
	return p.src(ctx)
}

func (p *producer[T]) abort(ctx context.Context, cause error) {
	p.err = pull.AbortIn(ctx, p.src, cause)
}

// note keeps a release that failed while the source ended by itself.
func (p *producer[T]) note(err error) {
	if _, ok := err.(*pull.ReleaseError); ok {
		p.err = err
	}
}

// An upstream is what a source over an observable ends besides that.
type upstream interface {
	// bind says under which context the source is to be called.
	bind(own context.Context)

	// wants returns where a value is asked for, nil if that is not needed.
	wants() chan<- struct{}

	// stop ends what has not ended, after own was cancelled, and returns what
	// went wrong in that.
	stop(ctx context.Context, cause error) error
}

func (p *producer[T]) bind(own context.Context) { p.own = own }

func (p *producer[T]) wants() chan<- struct{} { return p.demand }

func (p *producer[T]) stop(ctx context.Context, cause error) error {
	if p.taken.Swap(true) {
		<-p.done
	} else {
		p.abort(ctx, cause)
		close(p.done)
	}
	return p.err
}
