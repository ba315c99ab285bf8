//go:build race

package secure_test

const raceEnabled = true // memory is not what it is
