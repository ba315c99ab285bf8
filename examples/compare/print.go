package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
)

func printJSON(out io.Writer, rows []row) error {
	enc := json.NewEncoder(out)
	for _, r := range rows {
		if err := enc.Encode(r); err != nil {
			return err
		}
	}
	return nil
}

func printTable(out io.Writer, rows []row) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "work\tpeer\tours\tpeer's\tratio (min–max)\tgoal\tmet\t")
	for _, r := range rows {
		ours, theirs, ratio := fmt.Sprintf("%.4g %s", r.Ours, r.Unit), "", ""
		if r.Skipped != "" {
			ours = ""
		}
		if r.Ratio > 0 {
			theirs = fmt.Sprintf("%.4g %s", r.Their, r.Unit)
			ratio = fmt.Sprintf("%.3g (%.3g–%.3g)", r.Ratio, r.Min, r.Max)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n",
			r.Work, r.Peer, ours, theirs, ratio, goalOf(r), metOf(r))
	}
	return w.Flush()
}

func goalOf(r row) string {
	if !r.Bound {
		return "-"
	}
	return fmt.Sprintf("≤ %.4g", r.Goal)
}

func metOf(r row) string {
	switch {
	case r.Skipped != "":
		return "skipped: " + r.Skipped
	case !r.Bound:
		return "-"
	case r.Met:
		return "yes"
	}
	return "NO"
}
