// The same in Node, with npm's scuttlebutt: node peer.js PORT [PEER_PORT…]
'use strict'
const http = require('http')
const Model = require('scuttlebutt/model')
const model = new Model()

const server = http.createServer((req, res) => {
  if (req.url === '/_replicate') {
    req.pipe(model.createStream()).pipe(res)
    return
  }
  const [key, value] = req.url.split('=')
  if (value === undefined) return res.end(model.get(key) + '\n')
  model.set(key, value)
  res.end(key + '=' + value + '\n')
})
const [, , port, ...peers] = process.argv
server.listen(Number(port), () => console.log('listening on ' + server.address().port))

for (const peer of peers) {
  const stream = model.createStream()
  const req = http.request({ port: peer, method: 'PUT', path: '/_replicate' })
  req.on('response', res => res.pipe(stream))
  stream.pipe(req)
}
