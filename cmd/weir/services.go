package main

import (
	"cmp"
	"encoding/json"
	"maps"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-go/weir/replicate/registry"
)

// A servicesRequest is what the commands of services ask for, beside a query or
// an id in Key.
type servicesRequest struct {
	Service registry.Service `json:"service,omitzero"` // register
	Wait    bool             `json:"wait,omitempty"`   // get
	Listen  string           `json:"listen,omitempty"` // hub, and the rest
	Host    string           `json:"host,omitempty"`
	Join    []string         `json:"join,omitempty"`
	Beat    time.Duration    `json:"beat,omitempty"`
}

const servicesLong = `Says which services there are, and where: whoever runs one registers it, and
others find it by its name and version.

WHERE is the directory: the file of a replica, which 'weir peer' keeps equal to
others as always, or the address of a hub, HOST:PORT or :PORT. A hub serves a
replica's directory by the protocol of npm's seaport 2.0.9, to its clients and
hubs and to this command; a hub of npm's will do as well.

A service is NAME or NAME@VERSION, and is found by NAME or NAME@RANGE: a range
as npm writes it, such as 1.2.x, ~1.2, >1.2.0, ^1 or *. It is there while
whoever has registered it lives: 45 seconds after a host was last heard of, what
is registered there is gone for all.`

func servicesCommand(e *env) *cobra.Command {
	group := &cobra.Command{
		Use:   "services",
		Short: "Find services by name and version, and register them",
		Long:  servicesLong,
		Example: `  weir services hub r --listen :9090
  weir services register :9090 web@1.2.3 --port 8080
  curl $(weir services get :9090 web@1.2.x --wait | head -1)`,
		Args: cobra.ArbitraryArgs,

		DisableFlagsInUseLine:      true,
		SuggestionsMinimumDistance: 2,
		RunE:                       showHelp,
	}
	group.AddCommand(hubCommand(e), registerCommand(e), freeCommand(e),
		servicesLs(e), servicesGet(e), servicesWatch(e))
	return group
}

func registerCommand(e *env) *cobra.Command {
	var s registry.Service
	var meta, metaJSON []string
	c := &cobra.Command{
		Use:   "register WHERE NAME[@VERSION]",
		Short: "Register a service, until interrupted",
		Long: `Registers a service, and keeps it registered until it is interrupted, or until
somebody frees the service. A hub that is not there yet is waited for; when the
connection ends it connects again, or to another hub if that one has told of any.

The first line says "registered", the address and the id. Without --port there
is a random port, for the service to listen at; without --host it is the address
at which the hub sees this host.`,
		Example: `  weir services register :9090 web@1.2.3 --port 8080
  weir services register r business@0.5.2 --host 10.0.0.7 --port 80 --meta zone=b
  weir services register :9090 web --meta-json weight=3`,
		Args: args(2, 2),
	}
	c.Flags().StringVar(&s.Host, "host", "", "the `HOST` where it listens")
	c.Flags().Var((*port)(&s.Port), "port", "the `PORT` at which it listens")
	c.Flags().StringVar(&s.ID, "id", "", "its `ID`, by which it is freed; a random one if left out")
	c.Flags().StringArrayVar(&meta, "meta", nil, "what else there is to say, `KEY=VALUE`; may be repeated")
	c.Flags().StringArrayVar(&metaJSON, "meta-json", nil, "the same where VALUE is JSON, `KEY=VALUE`")
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		s.Role, s.Version, _ = strings.Cut(args[1], "@")
		if s.Meta, err = parseMeta(meta, metaJSON); err != nil {
			return err
		}
		q := request{Op: "services register", Follow: true, Services: &servicesRequest{Service: s}}
		return e.services(c.Context(), args[0], q)
	}
	return c
}

// parseMeta reads KEY=VALUE.
func parseMeta(texts, values []string) (map[string]any, error) {
	meta := map[string]any{}
	for i, pair := range append(append([]string{}, texts...), values...) {
		key, value, ok := strings.Cut(pair, "=")
		if !ok || key == "" {
			return nil, fail(exitUsage, "as in --meta zone=b", "%q is not KEY=VALUE", pair)
		}
		if meta[key] = value; i < len(texts) {
			continue
		}
		raw := json.RawMessage(value)
		if !json.Valid(raw) {
			return nil, fail(exitUsage, "a string needs quotes of its own, or --meta", "%q is not JSON", value)
		}
		meta[key] = raw
	}
	return meta, nil
}

func freeCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "free WHERE ID",
		Short: "Free a service, whoever has registered it",
		Long: `Frees a service: it is not there any more, for all, and whoever has registered it
is told. 'weir services ls' says the ids. An id that is not there is exit status
1.`,
		Example: `  weir services free :9090 8F2C31D0A4B5E6F7`,
		Args:    args(2, 2),
		RunE: func(c *cobra.Command, args []string) error {
			q := request{Op: "services free", Key: args[1], Services: &servicesRequest{}}
			return e.services(c.Context(), args[0], q)
		},
	}
}

func servicesLs(e *env) *cobra.Command {
	return &cobra.Command{
		Use:     "ls WHERE [NAME[@RANGE]]",
		Aliases: []string{"query"},
		Short:   "List the services that are there",
		Long: `Lists the services that are there, a line for each: name, address, id and what
else was said, with tabs between. With --json a line is the whole service as
JSON. Without NAME, or with @RANGE alone, it lists those of all names.`,
		Example: `  weir services ls :9090
  weir services ls r web@1.2.x`,
		Args: args(1, 2),
		RunE: func(c *cobra.Command, args []string) error {
			q := request{Op: "services ls", Key: strings.Join(args[1:], ""), Services: &servicesRequest{}}
			return e.services(c.Context(), args[0], q)
		},
	}
}

func servicesGet(e *env) *cobra.Command {
	ask := servicesRequest{}
	c := &cobra.Command{
		Use:   "get WHERE NAME[@RANGE]",
		Short: "Print the addresses of a service",
		Long: `Prints HOST:PORT of each service that matches, one on a line. If there is none it
is exit status 1, or with --wait it waits for the first, and for a hub that is not
there yet or is started again.`,
		Example: `  weir services get :9090 web@1.2.x
  weir services get r 'business@~0.5.1' --wait --json`,
		Args: args(2, 2),
		RunE: func(c *cobra.Command, args []string) error {
			if name, _, _ := strings.Cut(args[1], "@"); name == "" {
				return fail(exitUsage, "'weir services ls' lists those of all names", "a service without a name: %q", args[1])
			}
			q := request{Op: "services get", Key: args[1], Services: &ask}
			return e.services(c.Context(), args[0], q)
		},
	}
	c.Flags().BoolVar(&ask.Wait, "wait", false, "wait until there is one")
	return c
}

func servicesWatch(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "watch WHERE [NAME[@RANGE]]",
		Short: "Print services as they come, change and go",
		Long: `Prints the services that are there, as ls does, and then a line for each that
comes, changes or goes, until it is interrupted. One that goes has "freed" as its
last word, and with --json "freed":true. Without NAME, or with @RANGE alone, it
prints those of all names.`,
		Example: `  weir services watch :9090
  weir services watch --json r web`,
		Args: args(1, 2),
		RunE: func(c *cobra.Command, args []string) error {
			q := request{Op: "services watch", Follow: true, Key: strings.Join(args[1:], ""),
				Services: &servicesRequest{}}
			return e.services(c.Context(), args[0], q)
		},
	}
}

// service is a line about one.
func (p paper) service(s registry.Service, freed bool) []byte {
	if p.JSON {
		if freed {
			s.Meta = maps.Clone(s.Meta)
			if s.Meta == nil {
				s.Meta = map[string]any{}
			}
			s.Meta["freed"] = true
		}
		return p.line(s)
	}
	name := s.Role
	if s.Version != "" {
		name += "@" + s.Version
	}
	text := p.text(name) + "\t" + p.text(hostPort(s)) + "\t" + p.text(s.ID)
	if len(s.Meta) > 0 {
		text += "\t" + strings.TrimSuffix(string(p.line(s.Meta)), "\n")
	}
	if freed {
		text += "\tfreed"
	}
	return []byte(text + "\n")
}

func hostPort(s registry.Service) string {
	return net.JoinHostPort(cmp.Or(s.Host, "localhost"), strconv.Itoa(s.Port))
}
