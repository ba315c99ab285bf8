package main

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
	"unicode"
)

// An address is where a peer is, and maybe which of its replicas is meant.
type address struct {
	network string // "tcp" or "unix"
	at      string // HOST:PORT, or the path of a socket
	name    string // of a replica there; "" for the only one
}

// addressForms teaches how addresses are written.
const addressForms = "an address is HOST:PORT, tcp://HOST:PORT/NAME or unix:PATH"

// parseAddress reads HOST:PORT[/NAME], tcp://HOST:PORT[/NAME] and
// unix:PATH[//NAME].
func parseAddress(text string) (address, error) {
	if path, ok := strings.CutPrefix(text, "unix:"); ok {
		at, name, _ := strings.Cut(path, "//")
		if at == "" {
			return address{}, fail(exitUsage, addressForms, "unix: without a path")
		}
		return address{"unix", at, name}, nil
	}
	at, name, named := strings.Cut(strings.TrimPrefix(text, "tcp://"), "/")
	host, port, err := net.SplitHostPort(at)
	switch {
	case err != nil && isPort(at):
		return address{}, fail(exitUsage, "a port of this host is :"+at, "address %s: there is no host", at)
	case err != nil:
		return address{}, fail(exitUsage, addressForms, "%w", err)
	case strings.Trim(port, "0123456789") == "" && port != "" && !isPort(port):
		return address{}, fail(exitUsage, "ports end at 65535", "address %s: there is no port %s", at, port)
	case port == "":
		return address{}, fail(exitUsage, addressForms, "address %s: there is no port", at)
	case !isPort(port) && !isService(port):
		return address{}, fail(exitUsage, "a port is a number, as in :8000", "address %s: there is no port %q", at, port)
	case host != "" && !isHost(host):
		return address{}, fail(exitUsage, addressForms, "address %s: no host can be called %q", at, host)
	case named && name == "":
		return address{}, fail(exitUsage, addressForms, "%s: / without a name", text)
	case host == "":
		at = net.JoinHostPort("localhost", port)
	}
	return address{"tcp", at, name}, nil
}

// isPort reports whether text is the number of a port.
func isPort(text string) bool {
	_, err := strconv.ParseUint(text, 10, 16)
	return err == nil
}

// isService reports whether a port has that name on this host.
func isService(name string) bool {
	_, err := net.LookupPort("tcp", name)
	return err == nil
}

// isHost reports whether text is an address of a host, or may be a name of one.
func isHost(text string) bool {
	if _, err := netip.ParseAddr(text); err == nil {
		return true
	}
	if len(text) > 253 || strings.ContainsFunc(text, neverInHost) {
		return false
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(text, "."), ".") {
		if label == "" || len(label) > 63 {
			return false
		}
	}
	return true
}

func neverInHost(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune(`/\:@?#[]%`, r)
}

// fileOrAddress tells the file of a replica from the address of who is to be
// connected to. What can be neither is an error.
func fileOrAddress(text string) (a address, isFile bool, err error) {
	if exists(text) {
		return a, true, nil
	}
	a, err = parseAddress(text)
	if err == nil {
		return a, false, nil
	}
	_, _, bad := net.SplitHostPort(strings.TrimPrefix(text, "tcp://"))
	if bad == nil || strings.HasPrefix(text, "unix:") {
		return a, false, err
	}
	return a, true, nil
}

// String is how the address is shown, without the name.
func (a address) String() string {
	if a.network == "unix" {
		return "unix:" + a.at
	}
	return a.at
}

// listenAt is where to listen for text: a port alone is this host's alone.
func listenAt(text string) (address, error) {
	a, err := parseAddress(text)
	if err == nil && a.name != "" {
		err = fail(exitUsage, "--listen HOST:PORT, :PORT or unix:PATH", "%s: a name is for who connects", text)
	}
	if host, port, _ := net.SplitHostPort(a.at); a.network == "tcp" && host == "localhost" {
		a.at = net.JoinHostPort("127.0.0.1", port)
	}
	return a, err
}
