// A client in Node, with package ws: node client.cjs WHAT URL. It prints one
// line of JSON: what it got, and how the connection was closed.
const { createHash } = require('node:crypto')
const WebSocket = require('ws')

const [, , what, url] = process.argv
const ws = new WebSocket(url, { perMessageDeflate: false })
const hash = createHash('sha256')
const result = { bytes: 0, control: [] }

ws.binaryType = 'nodebuffer'
ws.on('open', () => {
  switch (what) {
    case 'half': { // 1 MiB in pieces of many sizes, then our end
      const all = Buffer.alloc(1 << 20)
      for (let i = 0; i < all.length; i++) all[i] = (i * 7919) >> 3
      result.sent = createHash('sha256').update(all).digest('hex')
      for (let at = 0, n = 1; at < all.length; at += n, n = (n * 3) % 70001) {
        ws.send(all.subarray(at, at + n))
      }
      ws.send('end')
      break
    }
    case 'stop': // we read no more, and send on a little
      ws.send('stop 4002 enough')
      ws.send(Buffer.from('still here'))
      ws.send('end')
      break
    case 'fail':
      ws.send(Buffer.from('part'))
      ws.close(4002, 'broken')
      break
    case 'terminate':
      ws.send(Buffer.from('part'), () => ws.terminate())
      break
    case 'transcript':
      ws.send(Buffer.from('hello, '))
      ws.send(Buffer.alloc(0))
      ws.send(Buffer.from('wor'), { fin: false })
      ws.send(Buffer.from('ld'), { fin: true })
      ws.send(Buffer.alloc(70000, 'x'))
      ws.send('end')
      break
    case 'listen':
      break
  }
})
ws.on('message', (data, binary) => {
  if (binary) {
    result.bytes += data.length
    hash.update(data)
    return
  }
  result.control.push(data.toString())
  if (data.toString() === 'end' && ['half', 'transcript'].includes(what)) ws.close(1000)
})
ws.on('error', (err) => { result.error = err.message })
ws.on('close', (code, reason) => {
  result.got = hash.digest('hex')
  console.log(JSON.stringify({ ...result, code, reason: reason.toString() }))
})
