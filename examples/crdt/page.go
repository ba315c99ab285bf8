package main

import (
	"bytes"
	"encoding/json"
	"html/template"
	"net/http"
	"strconv"

	"github.com/weir-go/weir/examples/internal/bodies"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/httpstream"
	"github.com/weir-go/weir/replicate/npm"
	"github.com/weir-go/weir/through"
)

// The page has the rows, and is sent them again whenever one has changed.
var page = template.Must(template.New("page").Parse(`<!doctype html>
<meta charset="utf-8"><title>rank</title>
<script>new EventSource('/rank').onmessage = e => { document.body.innerHTML = e.data }</script>
<body>
{{block "rows" .}}{{range .}}<form class="row" method="post" action="/move?id={{.ID}}">
<span>{{.Value}}</span> <button name="by" value="-1">+</button> <button name="by" value="1">-</button>
</form>
{{end}}{{end}}</body>
`))

// A letter is a row, as the page shows it.
type letter struct{ ID, Value string }

// letters returns the rows in order.
func (p *peer) letters() (all []letter) {
	for row := range p.rank.All() {
		var text string
		if json.Unmarshal(row.Fields["value"], &text) != nil {
			text = string(row.Fields["value"]) // no string: as it is
		}
		all = append(all, letter{row.ID, text})
	}
	return all
}

func (p *peer) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("PUT /_replicate", bodies.Handler(p.link))
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		_ = page.Execute(w, p.letters()) // it fails if nobody reads it
	})
	mux.Handle("GET /rank", httpstream.Handler(p.watch, nil))
	mux.HandleFunc("POST /move", p.move)
	return mux
}

// watch is the stream of the rows as they are, and as they become.
func (p *peer) watch(w http.ResponseWriter, _ *http.Request) pull.Source[[]byte] {
	w.Header().Set("Content-Type", "text/event-stream")
	return httpstream.EncodeEvents(through.Map(p.d.Changes(0), func([]npm.RowChange) httpstream.Event {
		var rows bytes.Buffer
		_ = page.ExecuteTemplate(&rows, "rows", p.letters()) // cannot fail: it is in memory
		return httpstream.Event{Data: rows.String()}
	}))
}

// move puts a row before the one above it, or behind the one below.
func (p *peer) move(w http.ResponseWriter, r *http.Request) {
	id, ids := r.FormValue("id"), p.rank.IDs()
	by, err := strconv.Atoi(r.FormValue("by"))
	i := p.rank.Index(id)
	to := i + by
	switch {
	case err != nil || i < 0:
		http.Error(w, "no such row, or no such way", http.StatusBadRequest)
		return
	case to < 0 || to >= len(ids) || by == 0:
	case by < 0:
		err = p.rank.Before(id, ids[to], nil)
	default:
		err = p.rank.After(id, ids[to], nil)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	w.WriteHeader(http.StatusNoContent) // a browser stays on the page
}
