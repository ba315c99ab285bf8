'use strict';
// A program with methods, as npm's dnode has it. It prints its port, and ends
// when stdin does.
const net = require('net');
const dnode = require('dnode');

const louder = (s, cb) => cb(s.toUpperCase());
const methods = {
  version: '1.2.3',
  louder,
  in: { deep: louder },
  divide: (a, b, cb) => cb(Math.floor(a / b), a % b),
  tick: (n, f) => { for (let i = 0; i < n; i++) f(i, 'of ' + n); },
  note: (s) => console.log('noted ' + s),
  loop: (cb) => { const a = [cb]; a.push(a); cb(a, cb); },
  none: (cb) => cb(),
  lookup: (name, cb) => (name === 'a' ? cb(null, 1) : cb(new Error('no ' + name))),
  refuse: (cb) => cb('as a text'),
  throws: () => { throw new Error('thrown in npm'); },
};

const server = net.createServer((conn) => {
  const d = dnode(methods, { weak: false });
  d.on('error', (e) => console.log(e.message));
  conn.on('error', () => {});
  conn.pipe(d).pipe(conn);
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.on('end', () => process.exit(0)).resume();
