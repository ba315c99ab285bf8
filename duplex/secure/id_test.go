package secure_test

import (
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex/secure"
)

// sample is an id whose characters all differ from their neighbours'.
func sample(t testing.TB) secure.PeerID {
	return ids(t, 1)[0]
}

func ids(t testing.TB, n int) []secure.PeerID {
	var all []secure.PeerID
	for i := range n {
		seed := make([]byte, ed25519.SeedSize)
		seed[0] = byte(i + 1)
		all = append(all, secure.PeerID(ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)))
	}
	require.NotEmpty(t, all)
	return all
}

const chars = "abcdefghijklmnopqrstuvwxyz234567"

// A golden text, so that the form never changes: RFC 8032, 7.1, test 1.
func TestIDText(t *testing.T) {
	key, err := hex.DecodeString("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
	require.NoError(t, err)
	id := secure.PeerID(key)
	assert.Equal(t, "25njqa-mcwefl-pvkl73-j4szah-hihoc4-xt3ktc-gjnpai-ngr5yh-kenaic", id.String())
}

func TestIDsComeBack(t *testing.T) {
	for _, id := range ids(t, 50) {
		s := id.String()
		plain := strings.ReplaceAll(s, "-", "")
		for _, form := range []string{
			s, plain, strings.ToUpper(s), " " + s + "\n", strings.ReplaceAll(s, "-", " "),
			plain[:20] + "\r\n\t" + plain[20:], "-" + strings.Join(strings.Split(plain, ""), "- "),
		} {
			got, err := secure.ParsePeerID(form)
			require.NoError(t, err, form)
			assert.Equal(t, id, got)
			assert.True(t, id.Equal(got))
		}
	}
	assert.False(t, ids(t, 2)[0].Equal(ids(t, 2)[1]))
}

// mustFail parses a text that was spoilt.
func mustFail(t *testing.T, text string, want error) *secure.IDError {
	t.Helper()
	id, err := secure.ParsePeerID(text)
	var idErr *secure.IDError
	if !errors.As(err, &idErr) || !errors.Is(err, want) || id != (secure.PeerID{}) {
		t.Fatalf("%q: %v, %v; want %v", text, id, err, want)
	}
	return idErr
}

func TestIDNoticesEveryWrongCharacter(t *testing.T) {
	for _, id := range ids(t, 5) {
		s := strings.ReplaceAll(id.String(), "-", "")
		for i := range s {
			for _, c := range chars {
				if byte(c) != s[i] {
					mustFail(t, s[:i]+string(c)+s[i+1:], secure.ErrIDCheck)
				}
			}
		}
	}
}

func TestIDNoticesEverySwapOfNeighbours(t *testing.T) {
	swaps := 0
	for _, id := range ids(t, 50) {
		s := strings.ReplaceAll(id.String(), "-", "")
		for i := range len(s) - 1 {
			if s[i] != s[i+1] {
				mustFail(t, s[:i]+s[i+1:i+2]+s[i:i+1]+s[i+2:], secure.ErrIDCheck)
				swaps++
			}
		}
	}
	assert.Greater(t, swaps, 2000)
}

// Not only swaps: any other two characters in place of two neighbours.
func TestIDNoticesEveryPairOfNeighbours(t *testing.T) {
	s := strings.ReplaceAll(sample(t).String(), "-", "")
	for i := range len(s) - 1 {
		for _, c := range chars {
			for _, d := range chars {
				if pair := string(c) + string(d); pair != s[i:i+2] {
					mustFail(t, s[:i]+pair+s[i+2:], secure.ErrIDCheck)
				}
			}
		}
	}
}

func TestIDErrors(t *testing.T) {
	s := sample(t).String()
	plain := strings.ReplaceAll(s, "-", "")
	for n := range len(plain) {
		assert.Equal(t, n, mustFail(t, plain[:n], secure.ErrIDLength).Length)
	}
	assert.Equal(t, 55, mustFail(t, plain+"a", secure.ErrIDLength).Length)
	assert.EqualError(t, mustFail(t, plain[:52], secure.ErrIDLength),
		"secure: peer id: wrong length: 52 characters, not 54")
	mustFail(t, strings.Repeat("a", 1<<20), secure.ErrIDLength)
	for _, c := range []string{"0", "1", "8", "9", "ä", "_", "\x00", "."} {
		e := mustFail(t, s[:8]+c+s[9:], secure.ErrIDCharacter)
		assert.Equal(t, 8, e.Offset)
		assert.EqualError(t, e, "secure: peer id: wrong character at 9: only a-z and 2-7 occur")
	}
	other := byte('a')
	if s[3] == other {
		other = 'b'
	}
	assert.EqualError(t, mustFail(t, s[:3]+string(other)+s[4:], secure.ErrIDCheck),
		"secure: peer id: check characters do not match")
}

// Keys of small order are refused, and that there is reason to shows here:
// nobody made these signatures.
func TestWeakKeys(t *testing.T) {
	forged := make([]byte, ed25519.SignatureSize)
	forged[0] = 1 // R is the neutral element, S is 0
	for _, text := range []string{
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	} {
		for _, sign := range []byte{0, 0x80} {
			key, err := hex.DecodeString(text)
			require.NoError(t, err)
			key[31] |= sign
			good := 0
			for i := range 64 {
				if ed25519.Verify(key, fmt.Append(nil, i), forged) {
					good++
				}
			}
			// The neutral element with its sign bit set is no point for some.
			if sign == 0 {
				assert.Positive(t, good, "%x is not weak", key)
			}
			mustFail(t, secure.PeerID(key).String(), secure.ErrWeakKey)
		}
	}
}

func TestIDInJSON(t *testing.T) {
	id := sample(t)
	b, err := json.Marshal(map[secure.PeerID]secure.PeerID{id: id})
	require.NoError(t, err)
	var back map[secure.PeerID]secure.PeerID
	require.NoError(t, json.Unmarshal(b, &back))
	assert.Equal(t, id, back[id])
	kept := id
	assert.ErrorIs(t, kept.UnmarshalText([]byte("abc")), secure.ErrIDLength)
	assert.Equal(t, id, kept)
}
