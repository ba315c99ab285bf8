// Command weir keeps replicas of maps, lists, sets and more equal, on one host or many.
//
// A replica is a file. The commands edit it, read it, and exchange what it
// holds with others: through pipes, over TCP, through any program's stdin and
// stdout. Run weir --help for the first three commands to try.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() { os.Exit(mainStatus()) }

// mainStatus runs the command line of this process and returns its exit
// status. The first SIGINT or SIGTERM ends the command in good order, the
// second one at once.
func mainStatus() int {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	defer signal.Stop(signals)
	go func() {
		first := (<-signals).(syscall.Signal)
		cancel(signalError{first})
		second := (<-signals).(syscall.Signal)
		os.Exit(exitSignal + int(second))
	}()
	// A reader of our output that goes away is seen as EPIPE, so that a
	// replica is closed before we go. Caught and not ignored, because an
	// ignored signal would be inherited by the programs that we start.
	pipe := make(chan os.Signal, 1)
	signal.Notify(pipe, syscall.SIGPIPE)
	defer signal.Stop(pipe)
	return run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
}
