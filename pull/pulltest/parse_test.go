package pulltest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
)

// sourceFiles are the parsed files of one package.
type sourceFiles struct {
	path, name  string
	code        []*ast.File
	tests       []*ast.File
	conformance *ast.File // conformance_test.go, or nil
}

func parsePackage(t *testing.T, dir, path string) *sourceFiles {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	require.NoError(t, err)
	p := &sourceFiles{path: path}
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil,
			parser.SkipObjectResolution|parser.ParseComments)
		require.NoError(t, err)
		switch {
		case filepath.Base(file) == "conformance_test.go":
			p.conformance = f
			p.tests = append(p.tests, f)
		case strings.HasSuffix(file, "_test.go"):
			p.tests = append(p.tests, f)
		default:
			p.name = f.Name.Name
			p.code = append(p.code, f)
		}
	}
	return p
}

// streams returns, sorted, the exported names with a stream in their
// signature or fields.
func (p *sourceFiles) streams() []string {
	var names []string
	for _, f := range p.code {
		for _, decl := range f.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				if name := funcName(d); name != "" && p.hasStream(d.Type) {
					names = append(names, name)
				}
			case *ast.GenDecl:
				names = append(names, p.structs(d)...)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (p *sourceFiles) structs(d *ast.GenDecl) []string {
	var names []string
	for _, spec := range d.Specs {
		s, ok := spec.(*ast.TypeSpec)
		if !ok || !s.Name.IsExported() {
			continue
		}
		body, ok := s.Type.(*ast.StructType)
		if ok && slices.ContainsFunc(body.Fields.List, p.exportedStream) {
			names = append(names, s.Name.Name)
		}
	}
	return names
}

// exportedStream says whether an exported or embedded field holds a stream.
func (p *sourceFiles) exportedStream(f *ast.Field) bool {
	exported := func(name *ast.Ident) bool { return name.IsExported() }
	return (len(f.Names) == 0 || slices.ContainsFunc(f.Names, exported)) && p.hasStream(f.Type)
}

// funcName is Name or Type.Method, and "" for what is not exported.
func funcName(d *ast.FuncDecl) string {
	if !d.Name.IsExported() {
		return ""
	}
	if d.Recv == nil {
		return d.Name.Name
	}
	var receiver string
	ast.Inspect(d.Recv.List[0].Type, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && receiver == "" {
			receiver = id.Name
		}
		return receiver == ""
	})
	if !ast.IsExported(receiver) {
		return ""
	}
	return receiver + "." + d.Name.Name
}

// hasStream says whether a type has pull's or duplex's types in it.
func (p *sourceFiles) hasStream(n ast.Node) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if pkg, ok := n.X.(*ast.Ident); ok {
				found = found || isStream(pkg.Name, n.Sel.Name)
			}
			return false
		case *ast.Ident:
			found = found || isStream(p.name, n.Name)
		}
		return true
	})
	return found
}

func isStream(pkg, name string) bool {
	return pkg == "pull" && slices.Contains([]string{"Source", "Through", "Sink"}, name) ||
		pkg == "duplex" && name == "Duplex"
}

// unchecked says why name has no conformance check, or "" if it has one.
func (p *sourceFiles) unchecked(name string) string {
	if p.conformance == nil {
		return "there is no conformance_test.go"
	}
	bodies := subtests(p.conformance, name)
	if len(bodies) == 0 {
		return "no test of that name in conformance_test.go"
	}
	used := map[string]bool{}
	for _, body := range bodies {
		p.reach(used, body)
	}
	_, method, isMethod := strings.Cut(name, ".")
	if !isMethod {
		method = name
	}
	switch {
	case !used[method]:
		return "its conformance test does not use it"
	case !used["pulltest."]:
		return "its conformance test reaches no check of pulltest"
	}
	return ""
}

// subtests finds the functions of t.Run(name, …) and the tests whose names
// begin with Test and name, without its dot.
func subtests(f *ast.File, name string) []ast.Node {
	var bodies []ast.Node
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if isTestOf(n.Name.Name, strings.ReplaceAll(name, ".", "")) {
				bodies = append(bodies, n)
			}
		case *ast.CallExpr:
			fun, ok := n.Fun.(*ast.SelectorExpr)
			if !ok || fun.Sel.Name != "Run" || len(n.Args) != 2 {
				break
			}
			if title, ok := n.Args[0].(*ast.BasicLit); ok && title.Value == strconv.Quote(name) {
				bodies = append(bodies, n.Args[1])
			}
		}
		return true
	})
	return bodies
}

// isTestOf says whether a test's name is Test and name, and then nothing or
// another word.
func isTestOf(test, name string) bool {
	rest, ok := strings.CutPrefix(test, "Test"+name)
	return ok && (rest == "" || !unicode.IsLower(rune(rest[0])))
}

// reach adds the names that n uses, also by way of the functions and
// variables of the package's tests; "pulltest." stands for any of its checks.
func (p *sourceFiles) reach(used map[string]bool, n ast.Node) {
	ast.Inspect(n, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok && isCheck(sel) {
			used["pulltest."] = true
		}
		if id, ok := n.(*ast.Ident); ok && !used[id.Name] {
			used[id.Name] = true
			for _, decl := range p.testDecls(id.Name) {
				p.reach(used, decl)
			}
		}
		return true
	})
}

func isCheck(sel *ast.SelectorExpr) bool {
	pkg, ok := sel.X.(*ast.Ident)
	checks := []string{"Source", "Through", "Sink", "Fan"}
	return ok && pkg.Name == "pulltest" &&
		slices.Contains(checks, strings.TrimPrefix(sel.Sel.Name, "Check"))
}

// testDecls returns the top-level declarations of name in the tests.
func (p *sourceFiles) testDecls(name string) []ast.Node {
	var found []ast.Node
	for _, f := range p.tests {
		for _, decl := range f.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				if d.Name.Name == name {
					found = append(found, d)
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					if v, ok := spec.(*ast.ValueSpec); ok && names(v, name) {
						found = append(found, v)
					}
				}
			}
		}
	}
	return found
}

func names(v *ast.ValueSpec, name string) bool {
	return slices.ContainsFunc(v.Names, func(id *ast.Ident) bool { return id.Name == name })
}
