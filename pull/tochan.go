package pull

import "context"

// ToChan sends the values of src to ch, one after the other, and returns nil at
// its end, src's failure, or [Cause] of ctx, which also interrupts a send that
// blocks; the value is then lost. It does not close ch, so several may send to
// one channel, and whoever receives cannot take a failure for an end.
func ToChan[T any](ctx context.Context, src Source[T], ch chan<- T) error {
	return Each(ctx, src, func(v T) error {
		select {
		case ch <- v:
			return nil
		case <-ctx.Done():
			return Cause(ctx)
		}
	})
}

// Chan starts to read src under ctx, in a goroutine of its own, into the
// channel it returns, which is closed when that is over. Stop ends the reading
// if it goes on, waits for the goroutine, and says how it ended: nil after the
// end of src or where stop itself ended it, else src's failure or [Cause] of
// ctx, or a [ReleaseError]. Whoever calls Chan must call stop, once at least,
// or cancel ctx:
//
//	ch, stop := pull.Chan(ctx, src)
//	for v := range ch {
//		…
//	}
//	err := stop()
//
// The channel has no buffer, so one value is read ahead: stop loses it. A panic
// of src becomes a [PanicError], which stop returns. Stop may be called from any
// goroutine and more than once. Where a loop is enough, use [Source.All]: it
// needs no goroutine, and costs a fraction.
func Chan[T any](ctx context.Context, src Source[T]) (values <-chan T, stop func() error) {
	own, cancel := context.WithCancelCause(ctx)
	ch := make(chan T)
	done := make(chan struct{})
	var err error
	go func() {
		defer close(done)
		defer cancel(nil)
		defer close(ch)
		err = guarded(func() error { return ToChan(own, src, ch) })
		if err == ErrStopped && (ctx.Err() == nil || Cause(ctx) != ErrStopped) {
			err = nil
		}
	}()
	return ch, func() error {
		if ctx.Err() != nil { // own may not know it yet
			cancel(Cause(ctx))
		}
		cancel(ErrStopped)
		<-done
		return err
	}
}

// guarded runs what a user gave us on a goroutine of ours: a panic is an error.
func guarded(f func() error) (err error) {
	returned := false
	defer func() {
		if returned {
			return
		}
		if v := recover(); v != nil {
			err = NewPanicError(v)
		}
	}()
	err = errExited // stands only at a Goexit
	err = f()
	returned = true
	return err
}
