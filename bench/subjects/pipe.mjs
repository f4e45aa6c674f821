/** The plain pipe of node:net, both ways and nothing else. argv: origin port. Prints its port. */
import { connect, createServer } from 'node:net'

const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
  const far = connect({ port: Number(process.argv[2]), host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
  for (const [from, to] of [
    [near, far],
    [far, near],
  ]) {
    from.pipe(to)
    from.on('error', () => to.destroy())
  }
})
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
