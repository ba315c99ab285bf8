package wire

// Magic opens every preface.
const Magic = "weir-mux"

// The versions of the protocol spoken here, from the lowest to the highest.
const (
	Lowest  = 1
	Highest = 1
)

// PrefaceSize is the size of a preface in bytes: magic, versions, role, zero.
const PrefaceSize = len(Magic) + 4

// Roles in a preface.
const (
	RoleClient = 'c'
	RoleServer = 's'
)

// A Preface is what each side says first. It looks the same in all versions.
type Preface struct {
	Lowest, Highest byte // versions spoken
	Role            byte
}

// AppendPreface appends the preface of this side.
func AppendPreface(b []byte, role byte) []byte {
	return append(append(b, Magic...), Lowest, Highest, role, 0)
}

// IsMagic reports whether b, which may be incomplete, can begin a preface.
func IsMagic(b []byte) bool {
	n := min(len(b), len(Magic))
	return string(b[:n]) == Magic[:n]
}

// ParsePreface takes a whole preface apart. The caller has checked the magic.
func ParsePreface(b [PrefaceSize]byte) Preface {
	rest := b[len(Magic):]
	return Preface{Lowest: rest[0], Highest: rest[1], Role: rest[2]}
}

// Version is the highest version that both sides speak, 0 when there is none.
func (p Preface) Version() int {
	v := min(p.Highest, Highest)
	if v < max(p.Lowest, Lowest) {
		return 0
	}
	return int(v)
}
