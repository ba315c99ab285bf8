// Package compact cuts JSON that has no white space into its parts. It must have
// been read as JSON before, as nothing is checked here. All parts share the memory
// of the whole.
package compact

import "strings"

// Value returns the value that s begins with, and what follows it.
func Value(s string) (value, rest string) {
	n := 0
	switch {
	case s == "":
	case s[0] == '"':
		n = textEnd(s)
	case s[0] == '{' || s[0] == '[':
		depth := 0
		for n < len(s) {
			switch s[n] {
			case '"':
				n += textEnd(s[n:]) - 1
			case '{', '[':
				depth++
			case '}', ']':
				depth--
			}
			if n++; depth == 0 {
				return s[:n], s[n:]
			}
		}
	default:
		if n = strings.IndexAny(s, ",]}"); n < 0 {
			n = len(s)
		}
	}
	return s[:n], s[n:]
}

// textEnd returns how long the string is that s begins with.
func textEnd(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(s)
}

// Array calls f with each element of the array that s begins with, until it
// returns false; ok is false if s is none.
func Array(s string, f func(i int, value string) bool) (ok bool) {
	if s == "" || s[0] != '[' {
		return false
	}
	s = s[1:]
	for i := 0; s != "" && s[0] != ']'; i++ {
		var value string
		value, s = Value(s)
		if !f(i, value) {
			break
		}
		s = strings.TrimPrefix(s, ",")
	}
	return true
}

// Object calls f with each key, in quotes, and value of the object that s begins
// with; ok is false if s is none.
func Object(s string, f func(key, value string)) (ok bool) {
	if s == "" || s[0] != '{' {
		return false
	}
	s = s[1:]
	for s != "" && s[0] != '}' {
		n := textEnd(s)
		key := s[:n]
		var value string
		value, s = Value(s[n+1:])
		f(key, value)
		s = strings.TrimPrefix(s, ",")
	}
	return true
}
