//go:build !linux

package main

import "net"

// sameUser cannot ask the system here: what guards the socket is that only
// its owner may open it.
func sameUser(net.Conn) bool { return true }
