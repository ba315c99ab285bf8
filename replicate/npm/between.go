package npm

// alphabet is that of between@0.1.3, in order. The originals compare places as
// strings and nothing else, so that how a place is chosen is free; but none ends
// with the lowest letter, since nothing could be put before it, and none at the end
// of a sequence begins with the highest.
const alphabet = "!0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~"

const (
	top   = len(alphabet) - 1
	carry = top - 1 // the highest letter that counting uses
	start = "V"     // the first place of a sequence
	tail  = 3       // letters at random, so that two who choose at once hardly ever choose the same
)

// letterAt returns the index of the letter of s at i: 0 behind its end, and for
// what is no letter that of the last one before it.
func letterAt(s string, i int) int {
	if i >= len(s) {
		return 0
	}
	k := 0
	for k < top && alphabet[k+1] <= s[i] {
		k++
	}
	return k
}

// between returns a place between two, which are "" where the sequence begins or
// ends. It returns ErrNoRoom where there is none. Places that are chosen at either
// end, one behind another, grow by a letter when 64 to the power of their length
// were; others by a letter for six that are put between the same two.
func between(low, high string, rnd func(n int) int) (string, error) {
	b, ok := []byte(start), true
	switch {
	case low != "" && high == "":
		b = after(low)
	case low == "" && high != "":
		b, ok = before(high)
	case low != "":
		b, ok = amid(low, high)
	}
	for range tail - 1 {
		b = append(b, alphabet[rnd(top+1)])
	}
	b = append(b, alphabet[1+rnd(top)])
	place := string(b)
	ok = ok && isCanonical(`"`+place+`"`) // a prefix may have ended in an escape
	if !ok || low != "" && compareTexts(low, place) >= 0 || high != "" && compareTexts(place, high) >= 0 {
		return "", ErrNoRoom
	}
	return place, nil
}

// after counts up what low begins with: as many letters as it begins with highest
// ones, and that many and two more to count.
func after(low string) []byte {
	n := 0
	for letterAt(low, n) >= carry {
		n++
	}
	b := []byte(low[:n])
	b = append(b, make([]byte, n+2)...)
	up := 1
	for i := len(b) - 1; i >= n; i-- {
		k := letterAt(low, i) + up
		if k > carry && up == 1 {
			k = 0
		} else {
			up = 0
		}
		b[i] = alphabet[k]
	}
	return b
}

// before counts down what high begins with, in the same way.
func before(high string) (b []byte, ok bool) {
	n := 0
	for n < len(high) && letterAt(high, n) == 0 {
		n++
	}
	if n == len(high) {
		return nil, false
	}
	b = append([]byte(high[:n]), make([]byte, n+2)...)
	down := 1
	for i := len(b) - 1; i >= n; i-- {
		k := letterAt(high, i) - down
		if down = 0; k < 0 {
			k, down = carry, 1
		}
		b[i] = alphabet[k]
	}
	return b, true
}

// amid goes where two places part.
func amid(low, high string) (b []byte, ok bool) {
	for i := range len(high) {
		a, z := letterAt(low, i), letterAt(high, i)
		switch {
		case a > z:
			return nil, false
		case z-a > 1:
			return append([]byte(high[:i]), alphabet[(a+z)/2]), true
		case z-a == 1 && i < len(low):
			return append([]byte(low[:i+1]), after(low[i+1:])...), true
		case z-a == 1: // behind low, with a lowest letter where it has none
			return append(append([]byte(high[:i]), alphabet[0]), after("")...), true
		}
	}
	return nil, false
}
