package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/weir-go/weir/replicate"
)

func versionCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version of weir and of its protocol",
		Example: `  weir version --json`,
		Args:    args(0, 0),
		RunE:    func(*cobra.Command, []string) error { return e.version() },
	}
}

func (e *env) version() error {
	v := struct {
		Version  string `json:"version"`
		Revision string `json:"revision,omitempty"`
		Time     string `json:"time,omitempty"`
		Modified bool   `json:"modified"`
		Protocol int    `json:"protocol"`
		Go       string `json:"go"`
		Platform string `json:"platform"`
	}{
		Version: "(devel)", Protocol: replicate.Version,
		Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		if info.Main.Version != "" {
			v.Version = info.Main.Version
		}
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				v.Revision = s.Value
			case "vcs.time":
				v.Time = s.Value
			case "vcs.modified":
				v.Modified = s.Value == "true"
			}
		}
	}
	if e.out.JSON {
		return e.print(line(v))
	}
	return e.print(fmt.Appendf(nil, "weir %s, protocol %d, %s %s\n", v.Version, v.Protocol, v.Go, v.Platform))
}
