package main

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const module = "github.com/weir-go/weir/"

// mayImport says which of our packages each package may import. The rule in
// words: everyone may import pull and through/frame, and the internal packages
// of its own owner; mux and replicate never see each other, they meet at
// duplex; commands and examples may import all. A new package gets its row
// here, with as little as it needs.
var mayImport = map[string][]string{
	"pull":            {},
	"pull/decode":     {},
	"pull/files":      {},
	"pull/httpstream": {},
	"pull/logs":       {},
	"pull/pulltest":   {},
	"pull/sqlrows":    {},

	"through":        {},
	"through/fan":    {"through"},
	"through/frame":  {},
	"through/codec":  {},
	"through/timed":  {},
	"through/window": {"through"},
	"through/rate":   {"through"},
	"through/retry":  {"through"},
	"through/rx":     {},
	"through/cbor":   {"through/codec"},
	"through/zstd":   {"through/codec"},

	"duplex":         {},
	"duplex/chaos":   {},
	"duplex/netconn": {"duplex"},
	"duplex/command": {"duplex"},
	"duplex/websock": {"duplex"},
	"duplex/secure":  {"duplex", "duplex/netconn"},

	"mux":          {"duplex", "duplex/netconn"},
	"mux/muxdemux": {"duplex", "through/codec"},
	"mux/rpc":      {"mux", "duplex", "through/codec"},

	"replicate":          {"duplex", "replicate"}, // the latter for what is internal
	"replicate/counter":  {"replicate"},
	"replicate/doc":      {"replicate"},
	"replicate/events":   {"replicate"},
	"replicate/feed":     {"replicate"},
	"replicate/model":    {"replicate"},
	"replicate/npm":      {"replicate", "duplex"},
	"replicate/registry": {"replicate", "replicate/model", "duplex", "through/codec"},
	"replicate/reduce":   {"replicate"},
	"replicate/seq":      {"replicate"},
	"replicate/set":      {"replicate"},
	"replicate/value":    {"replicate"},
	"replicate/journal":  {"replicate", "pull/files"},

	"replicate/replicatetest": {"replicate"},

	"cmd/weir": {"*"},
	"examples": {"*"}, // and what is below
}

// importers says who may import what is not ours: each library has one
// importer, so that nobody links what they do not use. What only tests use is
// not here.
var importers = map[string]string{
	"github.com/cenkalti/backoff/v5":     "through/retry",
	"github.com/coder/websocket":         "duplex/websock",
	"github.com/fxamacker/cbor/v2":       "through/cbor",
	"github.com/hashicorp/yamux":         "mux",
	"github.com/Masterminds/semver/v3":   "replicate/registry",
	"github.com/klauspost/compress/zstd": "through/zstd",
	"github.com/reactivex/rxgo/v2":       "through/rx",
	"github.com/spf13/cobra":             "cmd/weir",
	"github.com/schollz/progressbar/v3":  "cmd/weir",
	"golang.org/x/term":                  "cmd/weir", // is it a terminal?
	"golang.org/x/time/rate":             "through/rate",
}

// lean are the packages that need nothing beyond the standard library, with
// what is below them except the importers.
var lean = []string{"pull", "through", "duplex", "replicate"}

// A listedPackage is what go list says of a package.
type listedPackage struct {
	ImportPath string
	Name       string
	Dir        string
	Doc        string // its synopsis
	Standard   bool
	GoFiles    []string
	Imports    []string
}

// name is the import path within the module.
func (p listedPackage) name() string { return strings.TrimPrefix(p.ImportPath, module) }

// goList runs go list at the root of the module.
func goList(t *testing.T, args ...string) (listed []listedPackage) {
	t.Helper()
	c := exec.Command("go", append([]string{"list", "-json"}, args...)...)
	c.Dir = "../.."
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	require.NoError(t, err, stderr.String())
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listedPackage
		err := dec.Decode(&p)
		if err == io.EOF {
			return listed
		}
		require.NoError(t, err)
		listed = append(listed, p)
	}
}

func TestImports(t *testing.T) {
	for _, p := range goList(t, "./...") {
		name := p.name()
		allowed, known := allowedFor(name)
		if !assert.True(t, known, "%s has no row in mayImport, in cmd/weir/imports_test.go", name) {
			continue
		}
		for _, path := range p.Imports {
			switch imported, ours := strings.CutPrefix(path, module); {
			case ours:
				assert.True(t, mayImportOurs(allowed, imported), "%s imports %s: see mayImport, "+
					"in cmd/weir/imports_test.go", name, imported)
			case strings.Contains(strings.Split(path, "/")[0], "."):
				assert.Equal(t, importers[path], name, "%s imports %s: see importers, "+
					"in cmd/weir/imports_test.go", name, path)
			}
		}
	}
}

// allowedFor finds a package's row: its own, or its owner's.
func allowedFor(name string) (allowed []string, known bool) {
	name, _, _ = strings.Cut(name, "/internal/")
	if strings.HasPrefix(name, "examples/") {
		name = "examples"
	}
	allowed, known = mayImport[name]
	return allowed, known
}

// mayImportOurs leaves it to the compiler who owns an internal package.
func mayImportOurs(allowed []string, imported string) bool {
	always := imported == "pull" || imported == "through/frame" || strings.Contains(imported, "/internal/")
	return always || slices.Contains(allowed, "*") || slices.Contains(allowed, imported)
}

// The core can be used without downloading anything.
func TestCoreNeedsOnlyTheStandardLibrary(t *testing.T) {
	var paths []string
	for _, p := range goList(t, "./...") {
		if slices.Contains(lean, strings.Split(p.name(), "/")[0]) && !isImporter(p.name()) {
			paths = append(paths, p.ImportPath)
		}
	}
	require.NotEmpty(t, paths)
	for _, p := range goList(t, append([]string{"-deps"}, paths...)...) {
		assert.True(t, p.Standard || strings.HasPrefix(p.ImportPath, module), "%s is needed", p.ImportPath)
	}
}

// isImporter says whether a package is there to wrap a library.
func isImporter(name string) bool {
	return slices.Contains(slices.Collect(maps.Values(importers)), name)
}

// Replication depends on no transport and no file system, only on duplexes.
func TestReplicateIsFreeOfTheOutside(t *testing.T) {
	for _, p := range goList(t, "./replicate", "./replicate/counter", "./replicate/events",
		"./replicate/feed", "./replicate/model", "./replicate/npm", "./replicate/reduce", "./replicate/set",
		"./replicate/value") {
		for _, path := range []string{"os", "net", module + "mux"} {
			assert.NotContains(t, p.Imports, path, p.ImportPath)
		}
	}
}
