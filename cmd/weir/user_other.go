//go:build !unix

package main

import "io/fs"

// ownedByUs cannot tell here: the folder of temporary files is the user's own.
func ownedByUs(fs.FileInfo) bool { return true }

// readInBackgroundFails is for systems with jobs.
func readInBackgroundFails() {}
