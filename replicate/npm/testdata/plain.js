// An ordinary program, which handles no errors: node plain.js [PORT]. It connects to
// the port of 127.0.0.1, or says at which one it listens. For each line on stdin it
// writes, and then says all that it has.
'use strict'
const net = require('net')
const Model = require('scuttlebutt/model')
const say = o => process.stdout.write(JSON.stringify(Object.assign({ of: 'plain' }, o)) + '\n')
const m = new Model('plain')
m.set('from', 'plain')

function wire (c) {
  const s = m.createStream()
  s.on('sync', () => say({ event: 'sync', data: true }))
  c.on('end', () => say({ event: 'end', data: true }))
  c.on('close', failed => say({ event: 'close', data: { failed } }))
  c.pipe(s).pipe(c)
}

if (process.argv[2]) wire(net.connect(process.argv[2], '127.0.0.1'))
else {
  const server = net.createServer(wire)
  server.listen(0, '127.0.0.1', () => say({ port: server.address().port }))
}
let n = 0
require('readline').createInterface(process.stdin).on('line', () => {
  m.set('n', ++n)
  say({ event: 'all', data: m.toJSON() })
}).on('close', () => process.exit(0))
