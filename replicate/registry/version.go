package registry

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// ErrRange is matched by the error of a query whose range of versions makes no
// sense.
var ErrRange = errors.New("registry: not a range of versions")

// A query is what services are looked for by.
type query struct {
	role   string              // "" is any
	ranged bool                // only what has a version is looked for
	within *semver.Constraints // nil is any version
}

// parseQuery reads "role", "role@range" or "", which is everything. What is
// behind the first @ is the range.
func parseQuery(text string) (q query, err error) {
	role, within, ranged := strings.Cut(text, "@")
	q.role, q.ranged = role, ranged
	if ranged {
		q.within, err = parseRange(within)
	}
	return q, err
}

func (q query) matches(s Service) bool {
	if q.role != "" && q.role != s.Role {
		return false
	}
	if !q.ranged {
		return true
	}
	v, err := parseVersion(s.Version)
	return err == nil && (q.within == nil || q.within.Check(v))
}

// parseVersion reads a whole version: three numbers, and what may follow. A v
// or = before it does not count.
func parseVersion(text string) (*semver.Version, error) {
	return semver.StrictNewVersion(strings.TrimLeft(strings.TrimSpace(text), "v="))
}

// What a range is made of, as npm's semver 1.1 reads it.
var (
	hyphen = regexp.MustCompile(`^\s*(\S+)\s+-\s+(\S+)\s*$`)
	apart  = regexp.MustCompile(`([<>=~^]+)\s+`)
	simple = regexp.MustCompile(`^(>=|<=|>|<|=|~>?|\^|)v?=?` +
		`(\d+|[xX*])?(?:\.(\d+|[xX*]))?(?:\.(\d+|[xX*]))?([-+].*)?$`)
)

// parseRange reads a range as npm's semver 1.1 does, which seaport's clients
// use: "1.2.x" and "~1.2" are from 1.2.0 to below 1.3.0, and what comes before
// 1.2.0 by a tag, such as 1.2.0-rc.1, belongs to them; ">1.2" is ">=1.2.0". What
// it has not, "^1.2.3", is as in later ones. Nil is any version.
func parseRange(text string) (*semver.Constraints, error) {
	var either []string
	for _, part := range strings.Split(text, "||") {
		all, err := comparators(part)
		if err != nil {
			return nil, fmt.Errorf("%w: %.64q", ErrRange, text)
		}
		if len(all) == 0 {
			return nil, nil
		}
		either = append(either, strings.Join(all, " "))
	}
	c, err := semver.NewConstraint(strings.Join(either, " || "))
	if err != nil {
		return nil, fmt.Errorf("%w: %.64q: %v", ErrRange, text, err)
	}
	c.IncludePrerelease = true
	return c, nil
}

// comparators returns what a version has to pass, all of it.
func comparators(part string) (all []string, err error) {
	if m := hyphen.FindStringSubmatch(part); m != nil {
		part = ">=" + m[1] + " <=" + m[2]
	}
	part = apart.ReplaceAllString(part, "$1")
	for _, word := range strings.Fields(part) {
		m := simple.FindStringSubmatch(word)
		if m == nil || m[2] == "" {
			return nil, ErrRange
		}
		all = append(all, comparator(m[1], m[2:5], m[5])...)
	}
	return all, nil
}

// comparator says one word of a range in bounds that both libraries read alike.
// A bound that ends in "-0" lies below all tags.
func comparator(op string, numbers []string, tag string) []string {
	given := 0 // how many numbers there are, before the first x
	for given < len(numbers) && numbers[given] != "" && !strings.ContainsAny(numbers[given], "xX*") {
		given++
	}
	from := strings.Join(append(append([]string{}, numbers[:given]...), "0", "0", "0")[:3], ".")
	switch whole := given == len(numbers); {
	case op == "^" && given > 0:
		return []string{"^" + strings.Join(numbers[:given], ".") + tag}
	case given == 0:
		return nil
	case strings.HasPrefix(op, "~") || !whole && (op == "" || op == "="):
		if whole && tag != "" {
			from += tag
		} else {
			from += "-0"
		}
		return []string{">=" + from, "<" + above(numbers, min(given, 2))}
	case whole:
		return []string{op + from + tag}
	case op[0] == '>':
		return []string{">=" + from + "-0"}
	}
	return []string{"<" + from + "-0"}
}

// above is the first version, of its tags the first, that has more in the n-th
// number.
func above(numbers []string, n int) string {
	last, err := strconv.ParseUint(numbers[n-1], 10, 63)
	if err != nil {
		return "x" // which the library refuses
	}
	next := append(append([]string{}, numbers[:n-1]...), strconv.FormatUint(last+1, 10), "0", "0")
	return strings.Join(next[:3], ".") + "-0"
}
