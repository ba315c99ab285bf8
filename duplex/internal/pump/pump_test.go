package pump_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"

	"github.com/weir-go/weir/duplex/internal/pump"
	"github.com/weir-go/weir/pull"
)

var errBoom = errors.New("boom")

// carrier is one whose End does as it is told.
type carrier struct {
	end func(c *carrier) error

	once sync.Once
	cut  chan struct{}
	why  error // set before cut is closed
}

func newCarrier(end func(c *carrier) error) *carrier {
	return &carrier{end: end, cut: make(chan struct{})}
}

func (c *carrier) Write(p []byte) (int, error) { return len(p), nil }
func (c *carrier) End() error                  { return c.end(c) }
func (c *carrier) Cut(cause error) {
	c.once.Do(func() {
		c.why = cause
		close(c.cut)
	})
}

// The end is written too, and ctx interrupts that as it does a write.
func TestRunCutsEnd(t *testing.T) {
	for name, test := range map[string]struct {
		end  func(c *carrier, cancel func()) error
		want error
	}{
		"clean": {func(*carrier, func()) error { return nil }, nil},
		"fails": {func(*carrier, func()) error { return errBoom }, errBoom},
		"blocks": {func(c *carrier, cancel func()) error {
			cancel()
			<-c.cut
			return errors.New("closed")
		}, context.Canceled},
		"cut too late": {func(_ *carrier, cancel func()) error {
			cancel()
			return nil
		}, context.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				c := newCarrier(func(c *carrier) error { return test.end(c, cancel) })
				err := pump.Run(ctx, pull.Values([]byte("x")), c)
				assert.Equal(t, test.want, err)
				c.Cut(nil) // unless it was cut
				assert.Equal(t, test.want, c.why)
			})
		})
	}
}

// A carrier is not left open by a sink that ends in no regular way.
func TestRunCutsWhenItDoesNotReturn(t *testing.T) {
	for name, fall := range map[string]func(){
		"panic": func() { panic(errBoom) }, "exit": runtime.Goexit,
	} {
		for _, inEnd := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				var aborted error
				src := pull.From(func(context.Context) ([]byte, error) {
					fall()
					return nil, nil
				}, func(cause error) error {
					aborted = cause
					return nil
				})
				if inEnd {
					src = pull.Empty[[]byte]()
				}
				c := newCarrier(func(*carrier) error {
					fall()
					return nil
				})
				done := make(chan any)
				go func() {
					defer func() { done <- recover() }()
					_ = pump.Run(t.Context(), src, c)
				}()
				if v := <-done; name == "panic" {
					assert.Equal(t, errBoom, v)
				} else {
					assert.Nil(t, v)
				}
				<-c.cut
				assert.Error(t, c.why)
				if !inEnd {
					assert.Equal(t, c.why, aborted)
				}
			})
		}
	}
}
