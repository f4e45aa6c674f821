/** The origin where nginx is not installed: 64 bytes from node:http. Prints its port. */
import { createServer } from 'node:http'

const body = '0123456789abcdef'.repeat(4)
const server = createServer((_request, response) => {
  response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': body.length })
  response.end(body)
})
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
