package through_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestDocShowsWhatIsTested wants every function that the package doc shows to be
// one of example_new_test.go, letter by letter: there they are run through
// pulltest.
func TestDocShowsWhatIsTested(t *testing.T) {
	files := token.NewFileSet()
	doc, err := parser.ParseFile(files, "doc.go", nil, parser.ParseComments)
	require.NoError(t, err)
	const examples = "example_new_test.go"
	code, err := os.ReadFile(examples)
	require.NoError(t, err)
	file, err := parser.ParseFile(files, examples, code, 0)
	require.NoError(t, err)
	tested := map[string]bool{}
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok {
			from, to := files.Position(f.Pos()).Offset, files.Position(f.End()).Offset
			tested[string(code[from:to])] = true
		}
	}
	shown := 0
	for _, block := range blocks(doc.Doc.Text()) {
		if strings.HasPrefix(block, "func ") {
			shown++
			assert.True(t, tested[block], "%s does not have\n%s", examples, block)
		}
	}
	assert.Equal(t, 2, shown)
}

// blocks are the indented parts of a comment.
func blocks(text string) (all []string) {
	var block []string
	for line := range strings.Lines(text + "\n") {
		if code, ok := strings.CutPrefix(line, "\t"); ok {
			block = append(block, code)
			continue
		}
		if block != nil {
			all = append(all, strings.TrimSpace(strings.Join(block, "")))
		}
		block = nil
	}
	return all
}
