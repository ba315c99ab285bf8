//go:build !unix

package secure_test

import "errors"

func mkfifo(string) error { return errors.ErrUnsupported }
