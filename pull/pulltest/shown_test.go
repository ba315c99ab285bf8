package pulltest_test

import (
	"go/ast"
	"go/doc"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
)

// notDecoded are exported functions of bytes that decode nothing.
var notDecoded = map[string]string{
	"pull.NewReader":             "passes the bytes on",
	"through/codec.EncodeBase64": "takes any bytes",
	"through/codec.Gzip":         "takes any bytes",
	"through/codec.Zlib":         "takes any bytes",
	"through/codec.Deflate":      "takes any bytes",
	"through/codec.Hash":         "passes the bytes on",
	"through/codec.Verify":       "passes the bytes on",
	"through/zstd.Compress":      "takes any bytes",
}

// TestDecodersAreFuzzed wants a fuzz target that reaches every exported
// function which makes something of a source of bytes.
func TestDecodersAreFuzzed(t *testing.T) {
	found := 0
	for _, p := range packages(t) {
		fuzzed := p.fuzzed()
		for _, name := range p.decoders() {
			found++
			_, ok := notDecoded[p.path+"."+name]
			assert.True(t, ok || fuzzed[name], "%s.%s: no fuzz target uses it", p.path, name)
		}
	}
	assert.Greater(t, found, len(notDecoded), "the search finds what there is")
}

// decoders returns the exported functions with a source of bytes among their
// parameters and a result that is more than an error.
func (p *sourceFiles) decoders() []string {
	var names []string
	for _, f := range p.code {
		for _, decl := range f.Decls {
			d, ok := decl.(*ast.FuncDecl)
			if ok && d.Recv == nil && d.Name.IsExported() && d.Type.Results != nil &&
				takesBytes(d.Type) && !isError(d.Type.Results.List[0].Type) {
				names = append(names, d.Name.Name)
			}
		}
	}
	return names
}

func takesBytes(f *ast.FuncType) bool {
	for _, param := range f.Params.List {
		source, ok := param.Type.(*ast.IndexExpr)
		if !ok {
			continue
		}
		list, ok := source.Index.(*ast.ArrayType)
		if !ok || list.Len != nil {
			continue
		}
		if elem, ok := list.Elt.(*ast.Ident); ok && elem.Name == "byte" {
			return true
		}
	}
	return false
}

func isError(e ast.Expr) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == "error"
}

// fuzzed returns every name that the package's fuzz targets reach.
func (p *sourceFiles) fuzzed() map[string]bool {
	used := map[string]bool{}
	for _, f := range p.tests {
		for _, decl := range f.Decls {
			if d, ok := decl.(*ast.FuncDecl); ok && strings.HasPrefix(d.Name.Name, "Fuzz") {
				p.reach(used, d)
			}
		}
	}
	return used
}

// TestStreamsAreShown wants an example with checked output of every exported
// function of pull and through that makes, takes or joins streams; a method, or
// a type, may be shown by any example.
func TestStreamsAreShown(t *testing.T) {
	found := 0
	for _, p := range packages(t) {
		if top, _, _ := strings.Cut(p.path, "/"); top != "pull" && top != "through" {
			continue // of connections, whose output depends on the machine
		}
		shown, used := p.shown()
		for _, name := range p.streams() {
			found++
			_, method, isMethod := strings.Cut(name, ".")
			isType := !isMethod && p.isType(name)
			ok := shown[name] || isMethod && used[method] || isType && used[name]
			assert.True(t, ok, "%s.%s: no example with output", p.path, name)
		}
	}
	assert.Greater(t, found, 100, "the search finds what there is")
}

// shown returns what the package's examples with output are named after, and
// what they use.
func (p *sourceFiles) shown() (shown, used map[string]bool) {
	shown, used = map[string]bool{}, map[string]bool{}
	for _, example := range doc.Examples(p.tests...) {
		if example.Output == "" {
			continue
		}
		parts := strings.Split(example.Name, "_")
		if last := parts[len(parts)-1]; last != "" && unicode.IsLower(rune(last[0])) {
			parts = parts[:len(parts)-1]
		}
		shown[strings.Join(parts, ".")] = true
		ast.Inspect(example.Code, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				used[id.Name] = true
			}
			return true
		})
	}
	return shown, used
}

func (p *sourceFiles) isType(name string) bool {
	for _, f := range p.code {
		for _, decl := range f.Decls {
			if d, ok := decl.(*ast.GenDecl); ok {
				for _, s := range d.Specs {
					if s, ok := s.(*ast.TypeSpec); ok && s.Name.Name == name {
						return true
					}
				}
			}
		}
	}
	return false
}
