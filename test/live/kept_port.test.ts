/** A port that is kept, and who else may get at it. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import t from 'tap'
import { KeptPort } from '../../src/live/kept_port.js'
import { isKept } from './peers.js'

async function listening(port = 0): Promise<{ server: Server; port: number }> {
  const server = createServer().listen({ port, host: '127.0.0.1' })
  await once(server, 'listening')
  return { server, port: (server.address() as { port: number }).port }
}

/** The port that a connection from that one leads to. */
function farEnd(port: number): number {
  const own = port.toString(16).toUpperCase().padStart(4, '0')
  const [, far] = new RegExp(`^ *\\d+: \\w+:${own} \\w+:(\\w+) 01 `, 'm').exec(readFileSync('/proc/net/tcp', 'latin1'))!
  return Number.parseInt(far!, 16)
}

t.test('it says whether it has the port', async (t) => {
  const { server, port } = await listening()
  const kept = await KeptPort.prepare(port)
  t.equal(await kept.take(), false, 'somebody listens there')
  t.notOk(isKept(port))
  server.close()
  await once(server, 'close')
  t.equal(await kept.take(), true)
  t.equal(await kept.take(), true, 'and has it still')
  t.ok(isKept(port))
  await kept.close()
  t.notOk(isKept(port))
})

t.test('a stranger who dials where its connection ends does not hold it up', async (t) => {
  const { server, port } = await listening()
  const kept = await KeptPort.prepare(port)
  server.close()
  await once(server, 'close')
  await kept.take()
  const stranger = connect(await farEnd(port), '127.0.0.1')
  await once(stranger, 'connect')
  stranger.end('asks')
  await kept.close()
  await new Promise((resolve) =>
    stranger
      .resume()
      .on('error', () => {})
      .once('close', resolve),
  )
  t.notOk(isKept(port))
})
