package main

import (
	"context"

	"github.com/weir-go/weir/mux"
)

const maxExamined = 2

func (p *peering) serveDoctor(context.Context, *mux.Stream) error { return nil }
