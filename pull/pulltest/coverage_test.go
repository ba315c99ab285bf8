package pulltest_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// exempt are exported names that take, return or hold streams and are none,
// with what they are instead.
var exempt = map[string]string{
	"pull.Abort":                        "makes one call",
	"pull.AbortIn":                      "makes one call",
	"duplex.Duplex":                     "a pair; checked as the halves of what makes one",
	"duplex.Duplex.Close":               "makes the last call of both halves",
	"duplex.Connect":                    "runs two sinks, each checked where it is made",
	"replicate.Session.Run":             "speaks the sync protocol over a duplex until it ends",
	"replicate/registry.Hubs":           "says how to dial",
	"replicate/registry.Registry.Serve": "speaks seaport's protocol over a duplex until it ends",
	"replicate/registry.Registry.Join":  "speaks seaport's protocol over a duplex until it ends",

	"replicate/replicatetest.Follow": "holds a source for a check, which reads and aborts it",
}

// TestNothingIsMissing finds every exported function, method and struct of
// the module with a source, a through, a sink or a duplex in its signature or
// fields, and wants a check of it in the package's conformance_test.go: a
// subtest of its name (Type.Method for a method), or a test whose name begins
// with it, that uses it and reaches one of pulltest's checks.
func TestNothingIsMissing(t *testing.T) {
	found := 0
	for _, p := range packages(t) {
		for _, name := range p.streams() {
			found++
			if _, ok := exempt[p.path+"."+name]; ok {
				continue
			}
			if why := p.unchecked(name); why != "" {
				t.Errorf("%s.%s is not checked: %s", p.path, name, why)
			}
		}
	}
	assert.Greater(t, found, len(exempt), "the search finds what there is")
}

// TestMissingIsNoticed runs the search over a small package of its own.
func TestMissingIsNoticed(t *testing.T) {
	p := parsePackage(t, filepath.Join("testdata", "missing"), "missing")
	assert.Equal(t, []string{"Checked", "Kind.Method", "NoCheck", "NoSubtest", "NoUse", "Pair"},
		p.streams())
	assert.Empty(t, p.unchecked("Checked"))
	assert.Empty(t, p.unchecked("Kind.Method"))
	assert.Contains(t, p.unchecked("NoSubtest"), "no test")
	assert.Contains(t, p.unchecked("NoUse"), "does not use")
	assert.Contains(t, p.unchecked("NoCheck"), "no check of pulltest")
	assert.Contains(t, p.unchecked("Pair"), "no test")
}

// packages parses the packages of the module that others can import.
func packages(t *testing.T) []*sourceFiles {
	root := moduleRoot(t)
	var found []*sourceFiles
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if path != root && skipped(path) {
			return fs.SkipDir
		}
		rel, err := filepath.Rel(root, path)
		if p := parsePackage(t, path, filepath.ToSlash(rel)); p.name != "" && p.name != "main" {
			found = append(found, p)
		}
		return err
	})
	require.NoError(t, err)
	return found
}

// skipped says whether a folder holds nothing that others can import: private
// packages, another module, or this kit, which is what checks.
func skipped(dir string) bool {
	name := filepath.Base(dir)
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") ||
		slices.Contains([]string{"internal", "testdata", "vendor", "pulltest"}, name) {
		return true
	}
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}

func moduleRoot(t *testing.T) string {
	dir, err := os.Getwd()
	require.NoError(t, err)
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		require.NotEqual(t, dir, filepath.Dir(dir), "no go.mod above this folder")
		dir = filepath.Dir(dir)
	}
}
