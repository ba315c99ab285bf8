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

// A versionInfo is which weir this is.
type versionInfo struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Time     string `json:"time,omitempty"`
	Modified bool   `json:"modified"`
	Protocol int    `json:"protocol"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func (v versionInfo) String() string {
	return fmt.Sprintf("weir %s, protocol %d, %s %s", v.Version, v.Protocol, v.Go, v.Platform)
}

// ourVersion is that of this program.
func ourVersion() versionInfo {
	v := versionInfo{
		Version: "(devel)", Protocol: replicate.Version,
		Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
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
	return v
}

func (e *env) version() error {
	v := ourVersion()
	if e.out.JSON {
		return e.print(line(v))
	}
	return e.print(fmt.Appendln(nil, v))
}
