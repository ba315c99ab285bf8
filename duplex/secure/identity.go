package secure

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strings"
	"time"
)

// An Identity is an ed25519 key, secret, with which one side proves who it is.
// It never changes and may be shared between goroutines. However it is
// printed, only the public half shows. It comes of [NewIdentity] or
// [LoadIdentity]: the zero value has no key, and no ID, which is all zero.
type Identity struct {
	key  ed25519.PrivateKey
	cert []byte // DER
}

// NewIdentity makes an identity that nobody else has. It fails only if the
// system has no randomness.
func NewIdentity() (*Identity, error) {
	seed := make([]byte, ed25519.SeedSize)
	if _, err := rand.Read(seed); err != nil {
		return nil, fmt.Errorf("secure: %w", err)
	}
	return newIdentity(seed)
}

func newIdentity(seed []byte) (*Identity, error) {
	key := ed25519.NewKeyFromSeed(seed)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:     time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), // RFC 5280, 4.1.2.5: no end
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("secure: %w", err)
	}
	return &Identity{key: key, cert: cert}, nil
}

// ID returns the public half, which others list to accept this identity.
func (i *Identity) ID() (id PeerID) {
	if i.key != nil {
		id = PeerID(i.key.Public().(ed25519.PublicKey))
	}
	return id
}

// Key returns a copy of the private key, to sign other things with than
// connections; nil for the zero value. What is signed should begin with a text
// that says what it is, so that one signature is never taken for another.
func (i *Identity) Key() ed25519.PrivateKey { return slices.Clone(i.key) }

// Format prints the peer id whatever the verb, since a key that is printed is
// a key that is lost.
func (i Identity) Format(s fmt.State, _ rune) {
	if i.key != nil {
		_, _ = io.WriteString(s, i.ID().String())
	}
}

func (i *Identity) certificate() tls.Certificate {
	return tls.Certificate{Certificate: [][]byte{i.cert}, PrivateKey: i.key}
}

// The identity file: comments, and one line of three words.
const (
	identityWord    = "weir-identity-1"
	maxIdentityFile = 4 << 10 // bytes
)

// LoadIdentity reads what Save wrote.
//
// It fails with a [ModeError] if the mode of the file is looser than 0600
// (where there are such modes: not on Windows), with a [FileError] that
// matches [ErrFormat] if it is no identity file or was damaged, and otherwise
// with what the system said, fs.ErrNotExist perhaps.
func LoadIdentity(path string) (*Identity, error) {
	data, err := readFile(path, maxIdentityFile, 0o700)
	if err != nil {
		return nil, err
	}
	i, err := parseIdentity(data)
	if err != nil {
		return nil, &FileError{Path: path, Err: err}
	}
	return i, nil
}

// parseIdentity finds any damage to the key: the file holds its public half.
func parseIdentity(data []byte) (*Identity, error) {
	var words []string
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "#") {
			words = append(words, strings.Fields(line)...)
		}
	}
	if len(words) != 3 || words[0] != identityWord {
		return nil, fmt.Errorf("%w: this is no identity file of weir", ErrFormat)
	}
	seed, err := decode(words[1])
	if err != nil {
		return nil, fmt.Errorf("%w: the key is damaged", ErrFormat)
	}
	i, err := newIdentity(seed[:])
	if err != nil {
		return nil, err
	}
	id, err := ParsePeerID(words[2])
	if err != nil || !i.ID().Equal(id) {
		return nil, fmt.Errorf("%w: the key is damaged, or is not that of the peer id", ErrFormat)
	}
	return i, nil
}

// Save writes the identity to a new file at path, with mode 0600. The file is
// there wholly or not at all, also after a crash, and never replaces another:
// if there is one, Save fails with an error that matches fs.ErrExist. It
// matches [ErrLocked] if another process is at it. The zero value is not saved.
func (i *Identity) Save(path string) error {
	if i.key == nil {
		return &FileError{Path: path, Err: errors.New("the identity has no key")}
	}
	var b bytes.Buffer
	fmt.Fprintln(&b, "# The identity of a peer. Keep it secret: who can read this can be it.")
	fmt.Fprintln(&b, "# The last word is its peer id, which others may know.")
	fmt.Fprintln(&b, identityWord, encode(i.key.Seed()), i.ID())
	return createFile(path, b.Bytes())
}

// Equal reports whether both are the same key, in constant time.
func (i *Identity) Equal(other *Identity) bool {
	return subtle.ConstantTimeCompare(i.key, other.key) == 1
}
