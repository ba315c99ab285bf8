//go:build race

package mux_test

// raceEnabled says that memory cannot be measured: the detector has its own.
const raceEnabled = true
