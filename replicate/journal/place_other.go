//go:build !linux && !darwin

package journal

import (
	"io/fs"
	"time"
)

// bootID is not known here: only a clean mark proves anything.
func bootID() string { return "" }

// changeTime is not known here.
func changeTime(fs.FileInfo) (time.Time, bool) { return time.Time{}, false }

// accessTime is not known here.
func accessTime(fs.FileInfo) (time.Time, bool) { return time.Time{}, false }
