package main

import (
	"context"
	"errors"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate/journal"
)

var errPanic = errors.New("panic")

const bugHint = "this is a bug in weir: please report it"

// bug is the failure of what has panicked with v. It is called by the deferred
// function that has recovered.
func bug(v any) *failure {
	return fail(exitFailed, bugHint, "%w: %v, at %s", errPanic, v, panicked())
}

// panicked says where: in the first function below those of the runtime.
func panicked() string {
	var pcs [32]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs[:])])
	for began := false; ; {
		f, more := frames.Next()
		inRuntime := strings.HasPrefix(f.Function, "runtime.")
		if began = began || f.Function == "runtime.gopanic"; began && !inRuntime || !more {
			_, file := filepath.Split(f.File)
			return file + ":" + strconv.Itoa(f.Line)
		}
	}
}

// survive runs the operation. A panic of one that only reads is its failure and
// nobody else's: it has changed nothing, and let go of every lock on its way. One
// that writes may have panicked in the midst of a change. The engine lets go of its
// locks then, too, but what is behind them may be half of a change, which nobody may
// read, write to the file or send to a peer. So that panic goes on and ends the
// process, at once: the file is as after a crash, in which nothing that was
// acknowledged is lost.
func (o operation) survive(ctx context.Context, j *journal.Journal, c *call) (err error) {
	if !o.reads() {
		return o.run(ctx, j, c)
	}
	defer func() {
		if v := recover(); v != nil {
			err = bug(v)
		}
	}()
	out := c.out
	c.out = func(ctx context.Context, src pull.Source[[]byte]) error { return out(ctx, caught(src)) }
	return o.run(ctx, j, c)
}

// caught is a source that fails where src panics, for a sink in the midst of its
// work to end as after any failure.
func caught(src pull.Source[[]byte]) pull.Source[[]byte] {
	return func(ctx context.Context) (chunk []byte, err error) {
		defer func() {
			if v := recover(); v != nil {
				chunk, err = nil, bug(v)
			}
		}()
		return src(ctx)
	}
}
