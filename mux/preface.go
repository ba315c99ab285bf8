package mux

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/weir-go/weir/mux/internal/wire"
	"github.com/weir-go/weir/pull"
)

// prefaces exchanges the prefaces under one deadline for all of it. The server
// answers before it judges the version, so that both ends learn of a mismatch,
// and never answers what is not weir.
func prefaces(ctx context.Context, conn net.Conn, client bool, limit time.Duration) error {
	if ctx.Err() != nil {
		return pull.Cause(ctx)
	}
	if limit > 0 {
		_ = conn.SetDeadline(time.Now().Add(limit))
	}
	fired := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		_ = conn.SetDeadline(time.Unix(1, 0))
		close(fired)
	})
	err := exchange(conn, client)
	if !stop() {
		<-fired
		return pull.Cause(ctx)
	}
	_ = conn.SetDeadline(time.Time{})
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return ErrSilent
	}
	return err
}

func exchange(conn net.Conn, client bool) error {
	ours, theirs := byte(wire.RoleServer), byte(wire.RoleClient)
	if client {
		ours, theirs = theirs, ours
		if err := sendPreface(conn, ours); err != nil {
			return err
		}
	}
	version, role, err := readPreface(conn)
	if err != nil {
		return err
	}
	if !client {
		if err := sendPreface(conn, ours); err != nil {
			return err
		}
	}
	switch {
	case version != wire.Version:
		return &VersionError{Ours: wire.Version, Theirs: int(version)}
	case role != theirs:
		return &ProtocolError{Detail: fmt.Sprintf("peer has role %q, want %q", role, theirs)}
	}
	return nil
}

func sendPreface(conn net.Conn, role byte) error {
	if _, err := conn.Write(wire.AppendPreface(nil, role)); err != nil {
		return &LostError{Op: "write", Err: notEOF(err)}
	}
	return nil
}

// readPreface stops at the first byte that does not fit.
func readPreface(conn net.Conn) (version uint16, role byte, err error) {
	var b [wire.PrefaceSize]byte
	for n := 0; n < len(b); {
		m, err := conn.Read(b[n:])
		n += m
		if !wire.IsMagic(b[:n]) {
			return 0, 0, fmt.Errorf("%w: it began with %q", ErrNotWeir, b[:n])
		}
		if err == nil || n == len(b) {
			continue
		}
		return 0, 0, &LostError{Op: "read", Err: notEOF(err)}
	}
	version, role = wire.ParsePreface(b)
	return version, role, nil
}
