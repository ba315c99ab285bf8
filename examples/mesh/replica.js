// One npm replica: node replica.js ID. It does what stdin says, a JSON object a line,
// says when it is done, and says what it sees whenever that changes.
//   {"set":[KEY,VALUE]}   {"join":[HOST,PORT]}   {"cut":true}, which leaves whom it joined
'use strict'
const net = require('net')
const Model = require('scuttlebutt/model')

const say = o => process.stdout.write(JSON.stringify(o) + '\n')
const done = () => say({ done: true })

const model = new Model(process.argv[process.argv.length - 1])
model.on('update', () => say({ sees: model.toJSON() }))

function link (socket) {
  const stream = model.createStream()
  socket.on('error', () => {}) // it was cut
  socket.on('close', () => stream.end())
  socket.pipe(stream).pipe(socket)
  return socket
}

const server = net.createServer(link)
server.listen(0, '127.0.0.1', () => say({ at: '127.0.0.1:' + server.address().port }))

let joined
const commands = {
  set ([key, value]) { model.set(key, value); done() },
  join ([host, port]) { joined = link(net.connect(port, host, done)) },
  cut () { joined.on('close', done).destroy() }
}

require('readline').createInterface(process.stdin).on('line', line => {
  const command = JSON.parse(line)
  for (const name in command) commands[name](command[name])
}).on('close', () => process.exit(0))
