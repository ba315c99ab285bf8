//go:build !linux

package netconn

import "time"

func setLowat(int) error { return nil }

func setUserTimeout(int, time.Duration) error { return nil }
