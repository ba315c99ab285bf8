module github.com/weir-go/weir/examples/compare

go 1.26.0

require (
	github.com/destel/rill v0.8.1
	github.com/hashicorp/yamux v0.1.2
	github.com/libp2p/go-yamux/v5 v5.1.0
	github.com/reactivex/rxgo/v2 v2.5.0
	github.com/reugn/go-streams v0.13.0
	github.com/samber/ro v0.4.0
	github.com/sourcegraph/conc v0.3.0
	github.com/stretchr/testify v1.12.1
	github.com/weir-go/weir v0.0.0
	github.com/xtaci/smux v1.5.56
)

require (
	github.com/Masterminds/semver/v3 v3.5.0 // indirect
	github.com/cenkalti/backoff/v4 v4.0.0 // indirect
	github.com/emirpasic/gods v1.12.0 // indirect
	github.com/libp2p/go-buffer-pool v0.0.2 // indirect
	github.com/samber/lo v1.53.0 // indirect
	github.com/stretchr/objx v0.5.3 // indirect
	github.com/teivah/onecontext v0.0.0-20200513185103-40f981bfd775 // indirect
	go.uber.org/atomic v1.7.0 // indirect
	go.uber.org/multierr v1.9.0 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/exp v0.0.0-20240613232115-7f521ea00fb8 // indirect
	golang.org/x/text v0.22.0 // indirect
)

replace github.com/weir-go/weir => ../..
