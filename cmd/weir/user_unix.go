//go:build unix

package main

import (
	"io/fs"
	"os"
	"os/signal"
	"syscall"
)

// ownedByUs reports whether a file belongs to the user that we run as.
func ownedByUs(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Getuid()
}

// readInBackgroundFails has a read of the terminal fail when this process is
// in the background, instead of stopping the process.
func readInBackgroundFails() { signal.Ignore(syscall.SIGTTIN) }
