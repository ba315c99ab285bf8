// Package doc is replicated rows with fields, and live sets and sequences of them.
package doc
