package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// A unit is a factor with a name.
type unit struct {
	name   string
	factor int64
}

// byteUnits are tried in order, so that each comes before what it ends with.
var byteUnits = []unit{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30},
	{"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"B", 1},
}

const unitsText = "units are B, kB, MB, GB (powers of 1,000) and KiB, MiB, GiB (of 1,024)"

// parseSize reads a number of bytes with its unit: 64MiB, 1.5GB.
func parseSize(text string) (int64, error) {
	for _, u := range byteUnits {
		number, ok := strings.CutSuffix(text, u.name)
		if !ok {
			continue
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err != nil || !(v >= 0) || v*float64(u.factor) >= math.MaxInt64 {
			return 0, fmt.Errorf("%q is no size; %s", text, unitsText)
		}
		return int64(math.Round(v * float64(u.factor))), nil
	}
	return 0, fmt.Errorf("%q has no unit; %s", text, unitsText)
}

// parseRate reads bytes a second: 1MB/s.
func parseRate(text string) (int64, error) {
	size, ok := strings.CutSuffix(text, "/s")
	if !ok {
		return 0, fmt.Errorf("%q is no rate: it ends in /s, as 1MB/s does; %s", text, unitsText)
	}
	return parseSize(size)
}

// formatSize is a number of bytes for people.
func formatSize(n int64) string {
	for i := 2; i >= 0; i-- {
		if u := byteUnits[i]; n >= u.factor && n%u.factor == 0 {
			return fmt.Sprintf("%d%s", n/u.factor, u.name)
		}
	}
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.3gGB", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.3gMB", float64(n)/1e6)
	case n >= 1e3:
		return fmt.Sprintf("%.3gkB", float64(n)/1e3)
	}
	return fmt.Sprintf("%dB", n)
}

// A port is the value of a flag that takes the number of one, at which something
// listens.
type port int

// Set reads the flag; Type and String are for the help.
func (p *port) Set(text string) error {
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil || n == 0 {
		return fmt.Errorf("%q is no port; it is a number from 1 to 65535", text)
	}
	*p = port(n)
	return nil
}

func (p *port) String() string {
	if *p == 0 {
		return ""
	}
	return strconv.Itoa(int(*p))
}

func (p *port) Type() string { return "PORT" }

// A size is the value of a flag that takes bytes with a unit.
type size int64

// Set reads the flag; Type and String are for the help.
func (s *size) Set(text string) error {
	n, err := parseSize(text)
	*s = size(n)
	return err
}

func (s *size) String() string { return formatSize(int64(*s)) }
func (s *size) Type() string   { return "SIZE" }
