// Package codec turns bytes into Go values and back: JSON lines.
package codec
