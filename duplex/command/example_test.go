package command_test

import (
	"context"
	"errors"
	"fmt"
	"os/exec"

	"github.com/weir-go/weir/duplex/command"
	"github.com/weir-go/weir/pull"
)

func ExampleNew() {
	ctx := context.Background()
	child := command.New(exec.Command("sort"))
	if err := child.Sink(ctx, pull.Values([]byte("b\n"), []byte("a\n"))); err != nil {
		fmt.Println(err)
	}
	for chunk, err := range child.Source.All(ctx) {
		fmt.Printf("%s", chunk)
		if err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// a
	// b
}

func ExampleExitError() {
	child := command.New(exec.Command("sh", "-c", "echo oh dear >&2; exit 3"))
	defer child.Close(nil)
	_, err := pull.Collect(context.Background(), child.Source)
	var exit *command.ExitError
	if errors.As(err, &exit) {
		fmt.Printf("%d %q\n", exit.Status, exit.Stderr)
	}
	// Output: 3 "oh dear\n"
}
