/** The limit: node:http in front, undici's dispatch straight to the response, no books. argv: origin port. */
import { createServer } from 'node:http'
import { Pool } from 'undici'

const pool = new Pool(`http://127.0.0.1:${process.argv[2]}`, { connections: 128 })
const server = createServer((request, response) => {
  pool.dispatch(
    { method: request.method, path: request.url, headers: {} },
    {
      onConnect() {},
      onHeaders(status, headers) {
        response.writeHead(
          status,
          headers.map((part) => part.toString('latin1')).filter((_, i, all) => !/^connection$/i.test(all[i - (i % 2)])),
        )
        return true
      },
      onData(chunk) {
        response.write(chunk)
        // Nobody resumes it: a client that has left would hold its connection for good.
        return true
      },
      onComplete: () => response.end(),
      onError: () => response.destroy(),
    },
  )
})
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
