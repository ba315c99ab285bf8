package wire

import "encoding/binary"

// Magic opens every preface.
const Magic = "weir-mux"

// Version is the version of the protocol spoken here.
const Version = 1

// PrefaceSize is the size of a preface in bytes: magic, version, role, zero.
const PrefaceSize = len(Magic) + 4

// Roles in a preface.
const (
	RoleClient = 'c'
	RoleServer = 's'
)

// AppendPreface appends a preface of this version for role.
func AppendPreface(b []byte, role byte) []byte {
	b = append(b, Magic...)
	b = binary.BigEndian.AppendUint16(b, Version)
	return append(b, role, 0)
}

// IsMagic reports whether b, which may be incomplete, can begin a preface.
func IsMagic(b []byte) bool {
	n := min(len(b), len(Magic))
	return string(b[:n]) == Magic[:n]
}

// ParsePreface takes a whole preface apart. The caller has checked the magic.
func ParsePreface(b [PrefaceSize]byte) (version uint16, role byte) {
	return binary.BigEndian.Uint16(b[len(Magic):]), b[len(Magic)+2]
}
