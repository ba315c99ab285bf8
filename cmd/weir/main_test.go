package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
)

// TestMain makes the test binary serve as weir, too: it is put into the PATH
// under that name, for the tests that start processes, and as muxhost and
// callhost, for one of them each.
func TestMain(m *testing.M) {
	switch filepath.Base(os.Args[0]) {
	case "weir":
		main()
	case "muxhost":
		os.Exit(muxHostMain(os.Args[1:]))
	case "callhost":
		os.Exit(callHostMain(os.Args[1:]))
	}
	flag.Parse()
	if err := moreParallel(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(withWeir(m.Run))
}

// moreParallel lets more tests run at once than there are processors, unless a
// flag says how many: most of what they do is to wait.
func moreParallel() error {
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if given {
		return nil
	}
	return flag.Set("test.parallel", strconv.Itoa(4*runtime.GOMAXPROCS(0)))
}

func withWeir(run func() int) int {
	dir, err := os.MkdirTemp("", "weir-bin")
	if err == nil {
		defer func() { _ = os.RemoveAll(dir) }()
		err = installWeir(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "cannot install weir for the tests:", err)
		return 1
	}
	return run()
}

func installWeir(dir string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	for _, name := range []string{"weir", "muxhost", "callhost"} {
		if err := os.Symlink(self, filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	if err := os.Setenv(identityVar, filepath.Join(dir, "identity")); err != nil {
		return err
	}
	// The race detector has each process linger for a second at its end.
	if err := os.Setenv("GORACE", "atexit_sleep_ms=0"); err != nil {
		return err
	}
	return os.Setenv("PATH", dir+string(filepath.ListSeparator)+os.Getenv("PATH"))
}
