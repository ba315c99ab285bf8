package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/weir-go/weir/replicate/doc"
)

const fieldWords = `FIELD=VALUE is a field and a string, FIELD:=VALUE a field and JSON. A FIELD ends
at the first of = < > := != in it, so that NAME and ROW have to come before. One
VALUE as - is all of stdin.`

// A clause is a field and a value: to be set, or to be compared with.
type clause struct {
	Field string          `json:"field"`
	Is    string          `json:"is"` // = and :=, in conditions also != < <= > >=
	Value json.RawMessage `json:"value"`
}

// clausesOf are fields by name.
func clausesOf(fields map[string]json.RawMessage) []clause {
	all := make([]clause, 0, len(fields))
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		c := clause{field, ":=", fields[field]}
		if bytes.HasPrefix(c.Value, []byte(`"`)) {
			c.Is = "="
		}
		all = append(all, c)
	}
	return all
}

// clause is a clause as it may be typed.
func (p paper) clause(c clause) string { return p.text(c.Field) + c.Is + p.value(c.Value) }

func isClause(arg string) bool { return strings.ContainsAny(arg, "=<>") }

// splitClause takes an argument apart at the first comparison in it.
func splitClause(arg string) (field, is, value string) {
	i := strings.IndexAny(arg, "=<>")
	if i < 0 {
		return "", "", ""
	}
	from, to := i, i+1
	switch {
	case arg[i] != '=' && strings.HasPrefix(arg[to:], "="):
		to++
	case arg[i] == '=' && i > 0 && (arg[i-1] == ':' || arg[i-1] == '!'):
		from--
	}
	return arg[:from], arg[from:to], arg[to:]
}

// parseField reads FIELD=VALUE, or FIELD:=VALUE.
func parseField(c *cobra.Command, e *env, arg string) (clause, error) {
	if _, is, _ := splitClause(arg); is != "=" && is != ":=" {
		return clause{}, usage(c, strconv.Quote(arg)+" is no FIELD=VALUE")
	}
	return parseCondition(c, e, arg)
}

// parseCondition reads a clause with any comparison.
func parseCondition(c *cobra.Command, e *env, arg string) (clause, error) {
	field, is, text := splitClause(arg)
	switch {
	case is == "":
		return clause{}, usage(c, strconv.Quote(arg)+" is no condition, such as list=todo or n<3")
	case field == "":
		return clause{}, usage(c, strconv.Quote(arg)+" is without a field")
	case !utf8.ValidString(field):
		return clause{}, fail(exitUsage, "encode bytes as text, in base64 for instance", "FIELD is not UTF-8")
	case is == "=" && strings.HasPrefix(text, "="):
		return clause{}, fail(exitUsage, "a VALUE that begins with = is given as JSON: "+field+`:='"=…"'; `+
			"and what has a = in it is no ROW here", "%.80q is two = in a row", arg)
	case len(field) > doc.MaxName:
		return clause{}, fail(exitUsage, "", "FIELD has %d bytes, limit %d", len(field), doc.MaxName)
	}
	value, err := e.value(c.Context(), text, is == ":=")
	if f := (*failure)(nil); is == ":=" && errors.As(err, &f) {
		f.Hint = "a string is given with FIELD=VALUE"
	}
	return clause{field, is, value}, err
}

// readFields reads [NAME] FIELD=VALUE…, or [NAME] - for lines of stdin.
func readFields(c *cobra.Command, e *env, q *request, args []string) error {
	if args = readName(q, args); len(args) == 0 {
		return usage(c, "no FIELD=VALUE")
	}
	return setFields(c, e, q, args)
}

// setFields reads the fields of a row. Of one that is to be made, - stands for
// lines of stdin.
func setFields(c *cobra.Command, e *env, q *request, args []string) error {
	if len(args) == 1 && args[0] == "-" && q.Key == "" {
		q.Lines = true
		return nil
	}
	fields := make(map[string]json.RawMessage, len(args))
	stdin := false
	for _, arg := range args {
		t, err := parseField(c, e, arg)
		if err != nil {
			return err
		}
		_, twice := fields[t.Field]
		if twice || q.In != nil && q.In.Field == t.Field {
			return usage(c, "FIELD "+strconv.Quote(t.Field)+" is given twice")
		}
		_, _, text := splitClause(arg)
		if stdin && text == "-" {
			return usage(c, "only one VALUE can be -")
		}
		stdin = stdin || text == "-"
		fields[t.Field] = t.Value
	}
	q.Values = []json.RawMessage{line(fields)}
	return nil
}

// readName takes NAME from the front of arguments that go on with a clause.
func readName(q *request, args []string) []string {
	if len(args) > 0 && !isClause(args[0]) && args[0] != "-" {
		q.Name, args = args[0], args[1:]
	}
	return args
}

// holds reports whether the clause does for a row. What is not there is different
// from everything, and neither less nor more.
func (c clause) holds(r record) bool {
	value, has := r.Fields[c.Field]
	if !has {
		return c.Is == "!="
	}
	if c.Is == ":=" {
		want, err := canonical(c.Value)
		return err == nil && bytes.Equal(value, want)
	}
	order := compare(value, c.Value)
	switch c.Is {
	case "=":
		return order == 0
	case "!=":
		return order != 0
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	}
	return order >= 0
}

// compare compares values as they are printed: as numbers if both are, else as
// texts.
func compare(a, b json.RawMessage) int {
	s, t := paper{}.value(a), paper{}.value(b)
	x, xIs := decimal(s)
	y, yIs := decimal(t)
	if !xIs || !yIs {
		return cmp.Compare(s, t)
	}
	m, notInt := strconv.ParseInt(s, 10, 64)
	n, norThis := strconv.ParseInt(t, 10, 64)
	if notInt == nil && norThis == nil {
		return cmp.Compare(m, n) // which a float64 may not hold
	}
	return cmp.Compare(x, y)
}

// decimal is a number as JSON has them.
func decimal(s string) (float64, bool) {
	if s == "" || strings.Trim(s[:1], "-0123456789") != "" || !json.Valid([]byte(s)) {
		return 0, false
	}
	x, err := strconv.ParseFloat(s, 64)
	return x, err == nil
}
