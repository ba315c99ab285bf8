package main

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What a page holds.
const (
	maxSynopsis = 80 // characters behind "Package x "
	maxNames    = 45 // exported by a package, those of errors not counted
	maxFunction = 70 // lines
	maxFile     = 400
)

// Packages are small, their files and functions too, and everything that is
// exported says what it is.
func TestShape(t *testing.T) {
	for _, p := range goList(t, "./...") {
		t.Run(p.name(), func(t *testing.T) {
			checkSynopsis(t, p)
			s := shape{t: t, fset: token.NewFileSet()}
			for _, name := range p.GoFiles {
				s.file(filepath.Join(p.Dir, name))
			}
			if p.Name != "main" && !strings.Contains(p.name(), "/internal/") {
				assert.LessOrEqual(t, s.names, maxNames, "exported names: it is two things")
				assert.Empty(t, s.bare, "exported, without a comment that begins with the name")
			}
		})
	}
}

// checkSynopsis wants a package's line in an index. That of a program is free
// to be the command to type.
func checkSynopsis(t *testing.T, p listedPackage) {
	if p.Name == "main" {
		assert.NotEmpty(t, p.Doc, "the comment of the program")
		return
	}
	begin := "Package " + p.Name + " "
	if assert.True(t, strings.HasPrefix(p.Doc, begin), "the package comment begins with %q: %q", begin, p.Doc) {
		n := utf8.RuneCountInString(p.Doc[len(begin):])
		assert.LessOrEqual(t, n, maxSynopsis, "characters of the synopsis %q", p.Doc)
	}
}

// shape looks at a package's files.
type shape struct {
	t     *testing.T
	fset  *token.FileSet
	names int
	bare  []string
}

func (s *shape) file(path string) {
	text, err := os.ReadFile(path)
	require.NoError(s.t, err)
	assert.LessOrEqual(s.t, bytes.Count(text, []byte("\n")), maxFile, "lines of %s", path)
	f, err := parser.ParseFile(s.fset, path, text, parser.ParseComments)
	require.NoError(s.t, err)
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			s.function(d)
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				s.spec(d, spec)
			}
		}
	}
}

func (s *shape) function(d *ast.FuncDecl) {
	lines := s.fset.Position(d.End()).Line - s.fset.Position(d.Pos()).Line + 1
	assert.LessOrEqual(s.t, lines, maxFunction, "lines of %s", d.Name.Name)
	assert.False(s.t, d.Recv == nil && d.Name.Name == "init", "init in %s", s.fset.Position(d.Pos()))
	switch {
	case !d.Name.IsExported() || d.Recv != nil && !ast.IsExported(receiver(d)):
		return
	case d.Recv == nil:
		s.count(d.Name)
	}
	s.documented(d.Name, d.Doc)
}

// count counts an exported name. To name each failure makes no package two
// things.
func (s *shape) count(name *ast.Ident) {
	if !strings.HasPrefix(name.Name, "Err") && !strings.HasSuffix(name.Name, "Error") {
		s.names++
	}
}

func receiver(d *ast.FuncDecl) string {
	typ := d.Recv.List[0].Type
	for {
		switch x := typ.(type) {
		case *ast.StarExpr:
			typ = x.X
		case *ast.IndexExpr:
			typ = x.X
		case *ast.IndexListExpr:
			typ = x.X
		default:
			return typ.(*ast.Ident).Name
		}
	}
}

func (s *shape) spec(d *ast.GenDecl, spec ast.Spec) {
	switch spec := spec.(type) {
	case *ast.TypeSpec:
		if spec.Name.IsExported() {
			s.count(spec.Name)
			s.documented(spec.Name, d.Doc, spec.Doc)
			s.fields(spec)
		}
	case *ast.ValueSpec:
		for _, name := range spec.Names {
			if name.IsExported() {
				s.count(name)
				s.present(name, d.Doc, spec.Doc, spec.Comment)
			}
		}
	}
}

// fields wants a comment at each exported field of a struct.
func (s *shape) fields(spec *ast.TypeSpec) {
	typ, ok := spec.Type.(*ast.StructType)
	if !ok {
		return
	}
	for _, field := range typ.Fields.List {
		for _, name := range field.Names {
			if name.IsExported() {
				s.present(name, field.Doc, field.Comment)
			}
		}
	}
}

// documented wants a comment that names what it is about among its first words.
func (s *shape) documented(name *ast.Ident, docs ...*ast.CommentGroup) {
	for _, doc := range docs {
		words := strings.Fields(doc.Text())
		words = words[:min(len(words), 3)]
		if slices.ContainsFunc(words, func(w string) bool {
			return strings.Trim(w, "[],.:;") == name.Name || strings.TrimSuffix(w, "s") == name.Name
		}) {
			return
		}
	}
	s.miss(name)
}

// present wants any comment.
func (s *shape) present(name *ast.Ident, docs ...*ast.CommentGroup) {
	for _, doc := range docs {
		if doc.Text() != "" {
			return
		}
	}
	s.miss(name)
}

func (s *shape) miss(name *ast.Ident) {
	s.bare = append(s.bare, name.Name+" at "+s.fset.Position(name.Pos()).String())
}
