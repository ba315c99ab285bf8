package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSizes(t *testing.T) {
	for text, want := range map[string]int64{
		"0B": 0, "1B": 1, "1kB": 1e3, "1KB": 1e3, "1.5MB": 1.5e6, "2GB": 2e9,
		"1KiB": 1 << 10, "64MiB": 64 << 20, "0.5GiB": 1 << 29, "8 MiB": 8 << 20,
	} {
		got, err := parseSize(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
		perSecond, err := parseRate(text + "/s")
		require.NoError(t, err, text)
		assert.Equal(t, want, perSecond, text)
	}
	for _, text := range []string{
		"", "B", "12", "1mb", "1 TB", "-1B", "NaNB", "InfB", "1e30GB", "1MB/s", "MiB1",
	} {
		_, err := parseSize(text)
		assert.ErrorContains(t, err, unitsText, text)
	}
	_, err := parseRate("1MB")
	assert.ErrorContains(t, err, "it ends in /s")
	for n, want := range map[int64]string{
		0: "0B", 999: "999B", 1000: "1kB", 1024: "1KiB", 1536: "1.54kB", 1234567: "1.23MB",
		64 << 20: "64MiB", 3 << 30: "3GiB", 2500000000: "2.5GB",
	} {
		assert.Equal(t, want, formatSize(n))
	}
}

// The help says the defaults that are in force.
func TestLimitsText(t *testing.T) {
	l := defaultLimits()
	assert.Contains(t, limitsText, "(default 64)")
	assert.Equal(t, int64(64), l.streams)
	assert.Contains(t, limitsText, "default "+formatSize(l.memory))
	assert.Contains(t, limitsText, "(default 100)")
	assert.Equal(t, int64(100), l.peers)
	assert.Zero(t, l.rate)
}
