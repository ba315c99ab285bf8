package pull_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"

	"github.com/weir-go/weir/pull"
)

// slowToTell is a context that is done before those derived from it hear of
// it, as every one is for a moment.
type slowToTell struct {
	context.Context
	tell []func()
}

func (c *slowToTell) Value(any) any { return nil } // hides the context it is made of

func (c *slowToTell) AfterFunc(f func()) func() bool {
	c.tell = append(c.tell, f)
	return func() bool { return true }
}

func TestChanStopAfterContextWasDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		parent, cancel := context.WithCancelCause(t.Context())
		ctx := &slowToTell{Context: parent}
		_, stop := pull.Chan(ctx, pull.Count(9))
		synctest.Wait() // it stands in the send of the first
		cancel(errors.New("enough"))
		assert.ErrorIs(t, stop(), context.Canceled, "stop came later")
		assert.Len(t, ctx.tell, 1)
	})
}

func TestChanContextDoneAfterStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		unwilling := make(chan struct{})
		_, stop := pull.Chan(ctx, pull.Source[int](func(ctx context.Context) (int, error) {
			<-ctx.Done()
			<-unwilling
			return 0, pull.Cause(ctx)
		}))
		ended := make(chan error, 1)
		go func() { ended <- stop() }()
		synctest.Wait()
		cancel(errors.New("too late"))
		close(unwilling)
		assert.NoError(t, <-ended, "stop came first")
	})
}
