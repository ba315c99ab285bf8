// Package logs makes a source of log records, and logs the values of a source.
//
// A [Handler] is a slog.Handler whose records come out of a source: to be
// filtered, counted, sent to another host like any other stream. [Log] is the
// sink that logs each value.
package logs
