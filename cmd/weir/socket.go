package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// maxSocketPath is how long a socket's name may be: the smallest limit among
// systems, 104 bytes, less some.
const maxSocketPath = 100

// socketPaths returns where the socket of the replica at path may be: beside
// it, or else in a private folder, under a hash of its full name.
func socketPaths(path string) []string {
	path = absolute(path)
	var names []string
	if beside := path + ".sock"; len(beside) <= maxSocketPath {
		names = append(names, beside)
	}
	hash := sha256.Sum256([]byte(path))
	return append(names, filepath.Join(runtimeFolder(), hex.EncodeToString(hash[:8])+".sock"))
}

func runtimeFolder() string {
	if dir := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "weir")
	}
	return filepath.Join(os.TempDir(), fmt.Sprintf("weir-%d", os.Getuid()))
}

// privateFolder makes the runtime folder if name is in it, and refuses one
// that others can write to.
func privateFolder(name string) error {
	dir := filepath.Dir(name)
	if dir != runtimeFolder() {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	info, err := os.Lstat(dir)
	switch {
	case err != nil:
		return err
	case !info.IsDir() || info.Mode().Perm()&0o077 != 0 || !ownedByUs(info):
		return errors.New(dir + " is not a private folder of this user")
	}
	return nil
}
