//go:debug rsa1024min=0

package npm_test

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/replicate/npm"
)

var errKey = errors.New("no such key")

// verifier verifies as scuttlebutt/security does: an id is the hash of a key.
func verifier(t *testing.T, files ...string) func(id string, signed, sig []byte) error {
	keys := map[string]*rsa.PublicKey{}
	for _, file := range files {
		text, err := os.ReadFile("testdata/keys/" + file)
		require.NoError(t, err)
		sum := sha1.Sum(text)
		block, _ := pem.Decode(text)
		key, err := x509.ParsePKCS1PublicKey(block.Bytes)
		require.NoError(t, err)
		keys[base64.StdEncoding.EncodeToString(sum[:])] = key
	}
	return func(id string, signed, sig []byte) error {
		var raw []byte
		if json.Unmarshal(sig, &raw) != nil || keys[id] == nil {
			return errKey
		}
		sum := sha1.Sum(signed)
		return rsa.VerifyPKCS1v15(keys[id], crypto.SHA1, sum[:], raw)
	}
}

// What was signed by an original is verified, kept, and passed on as it was.
// row: 17 secure
func TestSigned(t *testing.T) {
	lines := transcript(t, "signed-model.txt")
	p := newPlayer(t, "model", "G")
	p.start(npm.SyncConfig{Verify: verifier(t, "test1.pem", "test2.pem")})
	p.next()
	var signed []string
	for _, l := range lines {
		if l.by == "A" {
			p.feed(l.line)
		}
		if author(l.line) != "" && l.by == "A" {
			signed = append(signed, l.line)
		}
	}
	require.Equal(t, `"SYNC"`, p.next())
	p.stop()
	require.Len(t, signed, 2)

	q := &player{t: t, s: p.s, in: make(chan []byte), end: make(chan error, 1)}
	q.start(npm.SyncConfig{})
	q.next()
	q.feed(`{"id":"Z","clock":{}}`)
	for _, line := range signed {
		require.Equal(t, line, q.next())
	}
	require.Equal(t, `"SYNC"`, q.next())
	q.feed(`"SYNC"`)
	q.stop()
}

func TestSignedByAnother(t *testing.T) {
	lines := transcript(t, "signed-model.txt")
	for name, c := range map[string]struct{ old, new string }{
		"unknown key":  {"lk5RPxZJ4InN3AxwVYiqIOHHpQs=", "VWrYe7iGBQpel9D5gWbkL6qiUHc="},
		"changed":      {`"signed"`, `"Signed"`},
		"no signature": {`,"Bl3402hoFpF7`, `,null,"`},
	} {
		s := openKind(t, newReplica(), "model", "G")
		var in bytes.Buffer
		for _, l := range lines {
			if l.by == "A" {
				in.WriteString(strings.ReplaceAll(l.line, c.old, c.new) + "\n")
			}
		}
		err := feed(t, s, npm.SyncConfig{Verify: verifier(t, "test1.pem", "test2.pem")}, in.Bytes())
		require.ErrorIs(t, err, npm.ErrSignature, name)
		require.ErrorIs(t, err, npm.ErrLine, name)
		assert.Empty(t, s.Clock(), name)
	}
}
