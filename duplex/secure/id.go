package secure

import (
	"crypto/ed25519"
	"crypto/subtle"
	"encoding/base32"
	"strings"
)

// A PeerID names a peer: it is its ed25519 public key (RFC 8032). The zero
// PeerID is nobody's. Values can be compared with ==, and be keys of a map.
type PeerID [ed25519.PublicKeySize]byte

// The written form: 256 bits as base32 (RFC 4648, lower case, unpadded), and
// two characters of a CRC.
const (
	alphabet  = "abcdefghijklmnopqrstuvwxyz234567"
	bodyChars = 52 // 260 bits, of which the last four are zero
	textChars = bodyChars + 2
	groupSize = 6
	maxText   = 256 // bytes of a text that is looked at
)

// String returns the id as people copy it: 54 characters of a-z and 2-7 in
// nine groups of six. The last two are check characters, the CRC-10 of ITU-T
// I.610 over the characters before them: each change that is confined to two
// neighbouring characters is noticed, so every mistyped character and every
// pair that was swapped; of all others 1,023 of 1,024.
func (id PeerID) String() string {
	s := encode(id[:])
	var b strings.Builder
	for i := 0; i < len(s); i += groupSize {
		if i > 0 {
			b.WriteByte('-')
		}
		b.WriteString(s[i : i+groupSize])
	}
	return b.String()
}

// Equal compares in constant time.
func (id PeerID) Equal(other PeerID) bool {
	return subtle.ConstantTimeCompare(id[:], other[:]) == 1
}

// ParsePeerID reads what String wrote, also in upper case, and with spaces,
// line ends or dashes anywhere or nowhere. It fails with an [IDError].
func ParsePeerID(s string) (PeerID, error) {
	b, err := decode(s)
	if err != nil {
		return PeerID{}, err
	}
	id := PeerID(b)
	if id.weak() {
		return PeerID{}, &IDError{Err: ErrWeakKey, Length: textChars}
	}
	return id, nil
}

// MarshalText returns String. It never fails.
func (id PeerID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText is [ParsePeerID]; it leaves id alone when it fails.
func (id *PeerID) UnmarshalText(text []byte) error {
	parsed, err := ParsePeerID(string(text))
	if err == nil {
		*id = parsed
	}
	return err
}

// encode writes 32 bytes without groups.
func encode(b []byte) string {
	body := base32.NewEncoding(alphabet).WithPadding(base32.NoPadding).EncodeToString(b)
	crc := checksum(body + "aa")
	return body + string(alphabet[crc>>5]) + string(alphabet[crc&31])
}

// decode is the reverse of encode, for what people type.
func decode(s string) (b [32]byte, err error) {
	if len(s) > maxText {
		return b, &IDError{Err: ErrIDLength, Length: len(s)}
	}
	var text strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		switch {
		case strings.IndexByte(alphabet, c) >= 0:
			text.WriteByte(c)
		case strings.IndexByte("- \t\r\n", c) < 0:
			return b, &IDError{Err: ErrIDCharacter, Offset: i}
		}
	}
	if text.Len() != textChars {
		return b, &IDError{Err: ErrIDLength, Length: text.Len()}
	}
	body := text.String()[:bodyChars]
	_, _ = base32.NewEncoding(alphabet).WithPadding(base32.NoPadding).Decode(b[:], []byte(body))
	if encode(b[:]) != text.String() { // or bits are set that carry nothing
		return b, &IDError{Err: ErrIDCheck, Length: textChars}
	}
	return b, nil
}

// checksum is the remainder of division by x¹⁰+x⁹+x⁵+x⁴+x+1, in bits of which
// each character is five.
func checksum(text string) (crc int) {
	for i := range len(text) {
		v := strings.IndexByte(alphabet, text[i])
		for bit := 4; bit >= 0; bit-- {
			crc = crc<<1 | v>>bit&1
			if crc&(1<<10) != 0 {
				crc ^= 0b110_0011_0011
			}
		}
	}
	return crc
}

// weakKeys are the points of small order, without their sign bit. Anybody can
// sign for them, since a signature is checked modulo what they vanish in.
var weakKeys = [...]PeerID{
	{},
	{0: 1},
	{
		0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
		0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
	},
	{
		0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
		0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
	},
	nearPrime(0xec), // p-1
	nearPrime(0xed), // p, which is 0 written differently
	nearPrime(0xee), // p+1
}

// nearPrime is 2²⁵⁵ - 256 + low.
func nearPrime(low byte) (id PeerID) {
	for i := range id {
		id[i] = 0xff
	}
	id[0], id[31] = low, 0x7f
	return id
}

// weak reports whether id is a key that belongs to nobody.
func (id PeerID) weak() bool {
	id[31] &= 0x7f
	for _, k := range weakKeys {
		if id == k {
			return true
		}
	}
	return false
}
