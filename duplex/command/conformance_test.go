package command_test

import (
	"context"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
)

func TestNewSourceConforms(t *testing.T) {
	for name, script := range map[string]string{
		"ends": "printf hello", "stalls": "printf hello; exec sleep 1000",
	} {
		t.Run(name, func(t *testing.T) {
			var held atomic.Int32 // children that run, or were not waited for
			pulltest.Source(t, func() pull.Source[[]byte] {
				d, cmd := shell(t, script)
				ended := false
				return func(ctx context.Context) ([]byte, error) {
					fresh := cmd.Process == nil
					b, err := d.Source(ctx)
					if fresh && cmd.Process != nil {
						held.Add(1)
					}
					if err == nil || ended {
						return b, err
					}
					ended = true
					_ = d.Sink(canceled(err), pull.Empty[[]byte]())
					if cmd.ProcessState != nil {
						held.Add(-1)
					}
					return b, err
				}
			}, pulltest.SourceOptions[[]byte]{
				Want: [][]byte{[]byte("hello")}, Stalls: name == "stalls", RealTime: true,
				Held: func() int { return int(held.Load()) },
			})
		})
	}
}

func TestNewSinkConforms(t *testing.T) {
	dir := t.TempDir()
	whole := filepath.Join(dir, "whole")
	run := func(script string) pull.Sink[[]byte] {
		return func(ctx context.Context, src pull.Source[[]byte]) error {
			_ = os.Remove(whole)
			d, _ := shell(t, "cd "+dir+" && "+script)
			err := d.Sink(ctx, src)
			if err == nil {
				_, err = collect(context.Background(), d.Source) // until the child has exited
			}
			_ = d.Close(nil)
			return err
		}
	}
	pulltest.Sink(t, run("cat > part 2> /dev/null && mv part whole"), pulltest.SinkOptions[[]byte]{
		Fail:  run("head -c 1 > part"),
		Stall: run("exec sleep 1000"),
		Value: func(int) []byte { return make([]byte, 32<<10) },
		// 2 in the pipe, then one in the write, one behind it, one that did not fit.
		ReadAhead: 2,
		Committed: func() bool {
			_, err := os.Stat(whole)
			return err == nil
		},
		Grace:    4 * time.Second,
		RealTime: true,
	})
}
