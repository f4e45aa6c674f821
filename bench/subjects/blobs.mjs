/** An origin of two sizes: 64 bytes, and 1 MB at /big. Prints its port. */
import { createServer } from 'node:http'

const small = Buffer.from('0123456789abcdef'.repeat(4))
const big = Buffer.alloc(1024 * 1024, 'x')
const server = createServer((request, response) => {
  const body = request.url.endsWith('/big') ? big : small
  response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': body.length })
  response.end(body)
})
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
