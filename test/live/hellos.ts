/** ClientHellos to be sent by hand: a TLS socket tells an RST like a FIN, and hides the bytes that come back. */
import { createServer } from 'node:net'
import { type ConnectionOptions, connect } from 'node:tls'

/** The first flight of a TLS client with these options. */
export function captureHello(options: ConnectionOptions = {}): Promise<Buffer> {
  return new Promise((resolve) => {
    const server = createServer((socket) =>
      socket.once('data', (hello) => {
        socket.destroy()
        server.close(() => resolve(hello))
      }),
    )
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      connect({ port, host: '127.0.0.1', ...options }).on('error', () => {})
    })
  })
}
