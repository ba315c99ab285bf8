package secure

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"slices"
)

// Alerts of RFC 8446 §6, with which others than us, and TLS by itself, break
// off a handshake.
var (
	keyAlerts = []tls.AlertError{
		42,  // bad_certificate
		43,  // unsupported_certificate
		44,  // certificate_revoked
		45,  // certificate_expired
		46,  // certificate_unknown
		48,  // unknown_ca
		49,  // access_denied
		116, // certificate_required
	}
	protocolAlerts = []tls.AlertError{
		40,  // handshake_failure
		70,  // protocol_version
		71,  // insufficient_security
		80,  // internal_error: no protocol was asked for
		86,  // inappropriate_fallback
		120, // no_application_protocol
	}
)

// noCertificate is the only way in which TLS tells that.
const noCertificate = "tls: client didn't provide a certificate"

// failure says what an error of TLS means for a handshake.
func (h *handshake) failure(err error) error {
	reason, detail := diagnose(err)
	switch {
	case err.Error() == noCertificate:
		reason = ErrNoKey
	case reason == ErrAlert && oneOf(detail, keyAlerts):
		reason = ErrRefused
	case reason == ErrAlert && oneOf(detail, protocolAlerts):
		reason = ErrNotWeir
	case reason == ErrTampered && !h.spoke && !badRecord(detail):
		reason = ErrNotWeir
	}
	return failed(reason, detail)
}

// diagnose says what an error of TLS means. Without a reason it is one of the
// connection.
func diagnose(err error) (reason, detail error) {
	var conn *rawError
	var alert *net.OpError
	switch {
	case errors.As(err, &conn):
		return nil, conn.err
	case err == io.EOF: // the peer said goodbye where that is no end
		return nil, io.ErrUnexpectedEOF
	case errors.As(err, &alert) && alert.Op == "remote error":
		return ErrAlert, alert.Err
	}
	return ErrTampered, err
}

// oneOf compares by text, as the type of the alerts of TLS over a connection is
// not exported; both have the text from one table.
func oneOf(err error, alerts []tls.AlertError) bool {
	return slices.ContainsFunc(alerts, func(a tls.AlertError) bool { return err.Error() == a.Error() })
}

// badRecord reports whether keys were there and did not match: a handshake of
// TLS 1.3, changed on its way.
func badRecord(err error) bool {
	var alert *net.OpError
	return errors.As(err, &alert) && oneOf(alert.Err, []tls.AlertError{20})
}
