'use strict';
// An end of dnode: node peer.cjs PORT ROW. It offers methods and, if ROW is one
// of the rows below, calls those of the other end. What it finds goes to stdout,
// one JSON value a line; it ends when stdin does.
const net = require('net');
const dnode = require('dnode');
const [, , port, row] = process.argv;

const tell = (...found) => process.stdout.write(JSON.stringify(found) + '\n');
const fail = (e) => tell('error', String(e && e.message));

const subscribers = [];
const loop = [1];
loop.push(loop);

// What it offers, for any row.
function offered(remote, conn) {
  this._id = 1337;
  this.moo = true;
  this.list = [1, 2, { three: 4 }];
  this.none = null;
  this.x = (cb) => cb(3);
  this.echo = (...args) => args.pop()(...args);
  this.louder = (s, cb) => cb(s.toUpperCase());
  this.timesX = (n, cb) => remote.x((x) => cb(n * x));
  this.double = (f, g, h) => f(10, (x) => g(10, (y) => h(x, y)));
  this.circular = (ref, cb) => { ref.d = ref; cb(ref, ref.c === ref); };
  this.subscribe = (f) => { subscribers.push(f); };
  this.emit = (n) => subscribers.forEach((f) => f(n));
  this.nulls = (cb) => cb({ x: null }, null);
  this.byRef = (obj, cb) => { obj.a = 'changed'; obj.f((n) => cb(obj.a, n)); };
  this.loop = (cb) => cb(loop);
  this.never = () => {};
  this.throws = () => { throw new Error('thrown in npm'); };
  this.fails = (cb) => cb(new Error('lost').message, 1);
  this.ok = (n, cb) => cb(null, n + 1);
  this.nested = { deep: { fn: (cb) => cb('deep') } };
  this.count = (n, f) => { for (let i = 0; i < n; i++) f(i); };
}

// What it calls.
const rows = {
  id: (r) => tell(r._id),
  bidirectional: (r) => r.timesX(20, (n) => tell(n)),
  order: (r) => { for (let i = 0; i < 100; i++) r.echo(i, tell); },
  circular: (r) => {
    const ref = { a: 1 };
    ref.c = ref;
    r.circular(ref, (back, was) => tell(was, back.c === back, back.d === back, back.a));
  },
  double: (r) => {
    const plus = (n, f) => f(n + 10);
    r.double(plus, (n, f) => f(n / 2), (a, b) => tell(a, b));
    r.double(plus, plus, (a, b) => tell(a, b));
  },
  subscribe: (r) => {
    const got = { a: [], b: [] };
    r.subscribe((n) => got.a.push(n));
    r.subscribe((n) => { got.b.push(n); if (n === 9) tell(got.a, got.b); });
    for (let i = 0; i < 10; i++) r.emit(i);
  },
  nulls: (r) => r.nulls((obj, extra) => tell(obj, extra)),
  byRef: (r) => {
    let calls = 0;
    const obj = { a: 'mine', f: (cb) => cb(++calls) };
    r.byRef(obj, (theirs, n) => tell(obj.a, theirs, n, calls));
  },
  plain: (r) => tell(r.moo, r.list, r.none, typeof r.nested.deep.fn),
  loop: (r) => r.loop((a) => tell(a[0], a[1] === a)),
  three: (r) => {
    r.louder('a', (s) => tell(s));
    r.louder('b', (s) => tell(s));
    r.louder('c', (s) => tell(s));
  },
  unicode: (r) => r.louder('☔☔☔☁☼☁❄ été', (s) => tell(s)),
  ids: (r) => {
    const f = () => {};
    r.echo(f, f, (a, b) => tell(typeof a, typeof b));
  },
  links: (r, d) => {
    d.emit('data', '{"method":"linked","arguments":[{"a":[1,2]}],"links":[' +
      '{"from":["0","a"],"to":["0","b"]},{"from":["0"],"to":["0","c"]}]}\n');
  },
  extends: (r, d) => {
    d.emit('data', '{"method":"argc","arguments":[1],"links":[{"from":[],"to":["3"]}]}\n');
  },
  guards: (r, d) => {
    for (const name of ['__proto__', 'constructor', 'prototype']) {
      d.emit('data', '{"method":"argc","arguments":[{}],"links":[{"from":["0"],"to":["0","' + name + '","x"]}]}\n');
    }
    r.louder('still', (s) => tell(s, {}.x === undefined));
  },
  throws: (r) => {
    r.throws(() => tell('not called'));
    r.louder('still', (s) => tell(s));
  },
  errors: (r) => {
    r.throws((err) => tell(err));
    r.louder('fine', (err, s) => tell(err, s));
  },
  many: (r) => {
    let sum = 0, done = 0, sent = 0;
    const next = () => {
      if (sent === 100000) return;
      const n = sent++;
      r.echo(n, (back) => {
        sum += back;
        if (++done === 100000) tell(done, sum);
        next();
      });
    };
    for (let i = 0; i < 100; i++) next();
  },
  pending: (r) => {
    for (let i = 0; i < 1000; i++) r.never(() => tell('not called'));
    setImmediate(() => tell('sent'));
  },
};

let wrapped = 0;
const options = { weak: false };
if (row === 'wrap') options.proto = { wrap: (cb) => { wrapped++; return cb; }, unwrap: (cb) => cb };

const conn = net.connect(+port, '127.0.0.1', () => {
  const d = dnode(offered, options);
  d.on('local', (ref) => { ref.added = (cb) => cb('added'); });
  d.on('error', fail);
  d.on('fail', (e) => tell('fail', e.message));
  d.on('remote', (r) => {
    tell('remote');
    if (row === 'wrap') r.echo((cb) => {}, () => tell(wrapped));
    if (rows[row]) rows[row](r, d);
  });
  d.on('end', () => tell('end'));
  d.pipe(conn).pipe(d);
});
conn.on('error', () => {});
conn.on('close', () => tell('close'));
process.stdin.on('end', () => process.exit(0)).resume();
