// The same in Node, with npm's crdt: node peer.js PORT [PEER_PORT…]
// The list is at /, as text; /push/X appends a letter, /up/X and /down/X move it.
'use strict'
const http = require('http')
const { Doc } = require('crdt')
const doc = new Doc()
const rank = doc.createSeq('type', 'rank')

const find = value => rank.asArray().find(row => row.get('value') === value)
const commands = {
  push (value) { rank.push({ value }) },
  up (value) {
    const row = find(value)
    const i = rank.indexOf(row)
    rank.remove(row)
    rank.before(row, rank.at(i - 1))
  },
  down (value) {
    const row = find(value)
    const i = rank.indexOf(row)
    rank.remove(row)
    rank.after(row, rank.at(i))
  }
}

const server = http.createServer((req, res) => {
  if (req.url === '/_replicate') {
    req.pipe(doc.createStream()).pipe(res)
    return
  }
  const [, command, value] = req.url.split('/')
  if (command) commands[command](value)
  res.end(rank.asArray().map(row => row.get('value')).join(''))
})
const [, , port, ...peers] = process.argv
server.listen(Number(port), () => console.log('listening on ' + server.address().port))

for (const peer of peers) {
  const stream = doc.createStream()
  const req = http.request({ port: peer, method: 'PUT', path: '/_replicate' })
  req.on('response', res => res.pipe(stream))
  stream.pipe(req)
}
