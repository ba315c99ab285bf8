//go:build !linux && !darwin

package input

import "os"

const canWait = false

func wait(_, _ *os.File) (rings bool) { return false }
