package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	update  = flag.Bool("update", false, "rewrite the README's table of packages")
	remeter = flag.Bool("measure", false, "measure again, and rewrite the README's figures")
)

const root = "../.." // of the repository

func readme(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, "README.md"))
	require.NoError(t, err)
	return string(b)
}

// A fence is a block of code in a Markdown text.
type fence struct {
	lang string
	line int // of its first line of code
	code string
}

func fences(text string) (all []fence) {
	var open *fence
	n := 0
	for line := range strings.Lines(text) {
		n++
		mark, isMark := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case isMark && open == nil:
			open = &fence{lang: mark, line: n + 1}
		case isMark:
			all = append(all, *open)
			open = nil
		case open != nil:
			open.code += line
		}
	}
	return all
}

func fencesOf(t *testing.T, lang string) (all []fence) {
	t.Helper()
	for _, f := range fences(readme(t)) {
		if f.lang == lang {
			all = append(all, f)
		}
	}
	require.NotEmpty(t, all, "blocks of %s", lang)
	return all
}

// A reader sees what weir does at once, and reads the page to its end.
func TestReadmeIsShort(t *testing.T) {
	text := readme(t)
	// What is made by tests is as long as there are packages and figures.
	prose := regexp.MustCompile(`(?s)(<!-- \w+: [^\n]*-->\n).*?(<!-- end -->)`).ReplaceAllString(text, "")
	assert.NotEqual(t, text, prose, "the tables are found")
	assert.LessOrEqual(t, len(strings.Fields(prose)), 960, "words, without those tables")
	assert.LessOrEqual(t, fences(text)[0].line, 15, "first line of code")
	known := []string{"console", "go", "sh"}
	for _, f := range fences(text) {
		assert.Contains(t, known, f.lang, "line %d: no test knows such a block", f.line)
	}
}

func TestReadmeLinks(t *testing.T) {
	for _, page := range []string{"README.md", "CONTRIBUTING.md", "CHANGELOG.md"} {
		b, err := os.ReadFile(filepath.Join(root, page))
		require.NoError(t, err)
		for _, link := range regexp.MustCompile(`\]\(([\w./-]+)\)`).FindAllSubmatch(b, -1) {
			_, err := os.Stat(filepath.Join(root, string(link[1])))
			assert.NoError(t, err, "a link of %s", page)
		}
	}
}

// What a block of sh says is too long for a test: .ci/run runs it.
func TestReadmeCommandsAreRun(t *testing.T) {
	ci, err := os.ReadFile(filepath.Join(root, ".ci", "run"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("there is no .ci/run here")
	}
	require.NoError(t, err)
	for _, f := range fencesOf(t, "sh") {
		for command := range strings.Lines(f.code) {
			assert.Regexp(t, `(?m)\b`+regexp.QuoteMeta(strings.TrimSpace(command))+`\s*$`, string(ci))
		}
	}
}

// A block of Go is a program: it prints what its last comment says.
func TestReadmePrograms(t *testing.T) {
	goTool(t)
	for _, f := range fencesOf(t, "go") {
		code, want, found := strings.Cut(f.code, "// Output:\n")
		require.True(t, found, "line %d: no output", f.line)
		want = regexp.MustCompile(`(?m)^// ?`).ReplaceAllString(want, "")
		file := filepath.Join(t.TempDir(), "main.go")
		require.NoError(t, os.WriteFile(file, []byte(code), 0o600))
		cmd := exec.CommandContext(t.Context(), "go", "run", file)
		cmd.Dir = root
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		got, err := cmd.Output()
		require.NoError(t, err, stderr.String())
		assert.Equal(t, want, string(got), "line %d", f.line)
	}
}

func goTool(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("there is no go command here")
	}
}

// The statuses in the README are those in the code.
func TestReadmeExitStatuses(t *testing.T) {
	var want []int
	for name, value := range exitConstants(t) {
		if name != "exitSignal" {
			want = append(want, value)
		}
	}
	want = append(want, exitSignal+int(syscall.SIGINT), exitSignal+int(syscall.SIGTERM))
	slices.Sort(want)
	var got []int
	rows := regexp.MustCompile(`(?m)^\|([0-9, ]+)\|`).FindAllStringSubmatch(readme(t), -1)
	for _, row := range rows {
		for text := range strings.SplitSeq(row[1], ", ") {
			n, err := strconv.Atoi(text)
			require.NoError(t, err)
			got = append(got, n)
		}
	}
	assert.Equal(t, want, got)
}

func exitConstants(t *testing.T) map[string]int {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "exit.go", nil, 0)
	require.NoError(t, err)
	all := map[string]int{}
	for n := range ast.Preorder(file) {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, "exit") || len(spec.Values) == 0 {
			continue
		}
		literal, ok := spec.Values[0].(*ast.BasicLit)
		require.True(t, ok, "%s is not a plain number", spec.Names[0].Name)
		all[spec.Names[0].Name], err = strconv.Atoi(literal.Value)
		require.NoError(t, err)
	}
	return all
}

// generated returns the text between a marker that begins with name and its
// end, and a function that replaces it.
func generated(t *testing.T, name string) (text string, replace func(string)) {
	t.Helper()
	page := readme(t)
	re := regexp.MustCompile(`(?s)(<!-- ` + name + `: [^\n]*-->\n)(.*?)(<!-- end -->)`)
	at := re.FindStringSubmatchIndex(page)
	require.NotNil(t, at, "no place for %s", name)
	return page[at[4]:at[5]], func(text string) {
		page = page[:at[4]] + text + page[at[5]:]
		require.NoError(t, os.WriteFile(filepath.Join(root, "README.md"), []byte(page), 0o644))
	}
}

// The table of packages is made of the first sentences of their docs.
func TestReadmePackages(t *testing.T) {
	goTool(t)
	got, replace := generated(t, "packages")
	want := "|package|what it does|\n|---|---|\n"
	for _, p := range goList(t, "./...") {
		if name := p.name(); !strings.Contains(name, "/internal/") {
			want += fmt.Sprintf("|[`%s`](%s)|%s|\n", name, name, purpose(p.Doc))
		}
	}
	if *update {
		replace(want)
		return
	}
	assert.Equal(t, want, got, "go test ./cmd/weir -run TestReadmePackages -update makes it anew")
}

// purpose is a package's first sentence without the package's name.
func purpose(doc string) string {
	doc = regexp.MustCompile(`^(Package \S+|Command \S+|\S+) `).ReplaceAllString(doc, "")
	doc, _, _ = strings.Cut(doc, ": go run ") // the usage of an example
	return strings.TrimSuffix(doc, ".")
}

// A figure is a row that examples/compare prints.
type figure struct {
	Work  string  `json:"work"`
	Peer  string  `json:"peer"`
	Unit  string  `json:"unit"`
	Ours  float64 `json:"ours"`
	Ratio float64 `json:"ratio"`
	Min   float64 `json:"min"`
	Max   float64 `json:"max"`
	Bound bool    `json:"has_goal"`
}

// The figures are what the commands print, which the test asks for only when
// it is told to.
func TestReadmeMeasured(t *testing.T) {
	text, replace := generated(t, "measured")
	if *remeter {
		text = measured(t)
		replace(text)
	}
	assert.True(t, strings.HasPrefix(text, measuredText), "run it with -measure")
	assert.Regexp(t, `(?m)^\|chain\|iter\.Seq2\|[\d.]+ \([\d.]+–[\d.]+\)\|$`, text)
	assert.Regexp(t, `(?m)^\|bulk\|netconn duplexes\|[\d.]+ \([\d.]+–[\d.]+\)\|$`, text)
	assert.Regexp(t, `(?m)^\|sync-tcp\|bare varints into a map\|[\d.]+ \([\d.]+–[\d.]+\)\|$`, text)
}

const measuredText = "Our time ÷ theirs, in turns in one process: median, smallest and largest of " +
	"paired rounds. `go run -C examples/compare . streams` runs chains, a buffer and ordered " +
	"parallel maps; `replicate`, what replicas do, beside decoding the same updates into a map; " +
	"`mux`, streams of a session beside TCP and other multiplexers, by CPU time where it is bulk; " +
	"`npm`, what speaks with mux-demux, dnode and seaport beside them, over TCP." + `

|work|beside|ratio|
|---|---|---|
`

func measured(t *testing.T) string {
	t.Helper()
	goTool(t)
	text := measuredText
	for _, family := range []string{"streams", "replicate", "mux", "npm"} {
		cmd := exec.CommandContext(t.Context(),
			"go", "run", "-C", "examples/compare", ".", "--json", family)
		cmd.Dir, cmd.Stderr = root, os.Stderr
		// Status 1 says that a goal was missed, in which case it is printed, too.
		out, err := cmd.Output()
		require.NotEmpty(t, out, "%s: %v", family, err)
		for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
			var f figure
			require.NoError(t, json.Unmarshal(lines.Bytes(), &f))
			if f.Bound || family != "mux" { // it has many that only place it
				text += f.row()
			}
		}
	}
	return text
}

func (f figure) row() string {
	work, value := f.Work, fmt.Sprintf("%.3g", f.Ours)
	if f.Unit == "B" {
		work += ", bytes"
	}
	if f.Ratio > 0 {
		value = fmt.Sprintf("%.3g (%.3g–%.3g)", f.Ratio, f.Min, f.Max)
	}
	return fmt.Sprintf("|%s|%s|%s|\n", work, f.Peer, value)
}
