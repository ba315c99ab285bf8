'use strict';
// An end of mux-demux that does as it is told: node peer.cjs PORT OPTIONS.
// Commands come on stdin and events go to stdout, one JSON value a line.
const net = require('net');
const readline = require('readline');
const options = JSON.parse(process.argv[3] || '{}');
const MuxDemux = require(options.module || 'mux-demux');

const tell = (event) => process.stdout.write(JSON.stringify(event) + '\n');
const streams = {};
let count = 0;

function watch(name, s) {
  streams[name] = s;
  s.on('data', (value) => tell({ on: 'data', s: name, value }));
  s.on('end', () => tell({ on: 'end', s: name }));
  s.on('close', () => tell({ on: 'close', s: name }));
  s.on('drain', () => tell({ on: 'drain', s: name }));
  s.on('error', (e) => tell({ on: 'error', s: name, text: e.message, code: e.code }));
}

const mx = MuxDemux(options);
if (!options.deaf) {
  mx.on('connection', (s) => {
    const name = 'in' + count++;
    tell({ on: 'connection', s: name, meta: s.meta, readable: s.readable, writable: s.writable });
    watch(name, s);
    if (options.echo) s.pipe(s);
    if (options.greet) { // four writes and an end within the handler
      for (const word of ['a', 'b', 'c', 'd']) s.write(word);
      s.end();
    }
  });
}
mx.on('end', () => tell({ on: 'mx end' }));
mx.on('close', () => tell({ on: 'mx close' }));
mx.on('error', (e) => tell({ on: 'mx error', text: e.message }));
mx.on('unknown', (id) => tell({ on: 'unknown', id }));

const commands = {
  create: (c) => {
    const make = { read: 'createReadStream', write: 'createWriteStream' }[c.kind] || 'createStream';
    watch(c.s, mx[make](c.meta, c.opts));
    tell({ on: 'created', s: c.s });
  },
  write: (c) => tell({ on: 'wrote', s: c.s, ok: streams[c.s].write(c.value) }),
  many: (c) => {
    let ok = true;
    for (let i = 0; i < c.n; i++) ok = streams[c.s].write(c.value === undefined ? i : c.value);
    tell({ on: 'wrote', s: c.s, ok });
  },
  // pump writes n values, ten a turn, as long as write says true, as pipe does.
  pump: (c) => {
    const s = streams[c.s];
    let i = 0;
    const go = () => {
      for (let turn = 0; turn < 10 && i < c.n; turn++) {
        const value = c.value === undefined ? i : c.value;
        i++;
        if (s.write(value) === false) return s.once('drain', go);
      }
      if (i < c.n) setImmediate(go);
      else s.end();
    };
    go();
    tell({ on: 'pumping', s: c.s });
    streams[c.s].sent = () => i;
  },
  sent: (c) => tell({ on: 'sent', s: c.s, n: streams[c.s].sent() }),
  end: (c) => { streams[c.s].end(); tell({ on: 'ended', s: c.s, readable: streams[c.s].readable }); },
  error: (c) => streams[c.s].error(c.value),
  destroy: (c) => streams[c.s].destroy(),
  pause: (c) => streams[c.s].pause(),
  resume: (c) => streams[c.s].resume(),
  close: () => mx.close(() => tell({ on: 'closed' })),
  stop: () => mx.end(),
  hold: () => mx.pause(),
  go: () => mx.resume(),
  cut: () => conn.destroy(),
  raw: (c) => conn.write(c.text),
};

let conn;
function connect() {
  conn = net.connect(+process.argv[2], '127.0.0.1');
  conn.on('error', (e) => tell({ on: 'conn error', text: e.message }));
  conn.on('close', () => tell({ on: 'conn close' }));
  conn.on('connect', () => {
    conn.pipe(mx).pipe(conn);
    tell({ on: 'connected' });
  });
}
if (options.hold) mx.pause();
connect();

const lines = readline.createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const c = JSON.parse(line);
  commands[c.do](c);
});
lines.on('close', () => process.exit(0));
