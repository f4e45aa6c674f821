/** What the kernel's table tells of real connections: those not made yet, those about to end, bytes on their way. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import t from 'tap'
import { BlackHole } from '../../src/live/black_hole.js'
import { acceptQueue, connectionTable, endingAt, openingAt, queuedIn } from '../../src/live/kernel_table.js'

async function listening(serve: (socket: Socket) => void) {
  const server = createServer({ allowHalfOpen: true }, serve).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, port: (server.address() as { port: number }).port }
}

async function dialled(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => {})
  await once(socket, 'connect')
  return socket
}

t.test('opening: whoever waits for an answer to its SYN, at that port alone', async (t) => {
  const { server, port } = await listening(() => {})
  await new Promise((resolve) => server.close(resolve))
  t.equal(await openingAt(port), 0)
  const hole = await BlackHole.prepare(port)
  await hole.fill()
  const waiting = [1, 2, 3].map(() => connect(port, '127.0.0.1').on('error', () => {}))
  while ((await openingAt(port)) < 3) await new Promise(setImmediate)
  t.equal(await openingAt(port), 3)
  t.equal(await openingAt(port + 1), 0)
  t.equal(await endingAt(port), 0)
  for (const socket of waiting) socket.destroy()
  await hole.close()
})

t.test('ending: one side has closed, and the program at the port has not let go of it', async (t) => {
  const accepted: Socket[] = []
  const { server, port } = await listening((socket) => accepted.push(socket.resume()))
  const [leaves, stays] = [await dialled(port), await dialled(port)]
  while (accepted.length < 2) await new Promise(setImmediate)
  t.equal(await endingAt(port), 0)
  leaves.resume().end()
  while ((await endingAt(port)) === 0) await new Promise(setImmediate)
  t.equal(await endingAt(port), 1, 'the other one is as it was')
  t.equal(await openingAt(port), 0)
  for (const socket of [leaves, stays, ...accepted]) socket.destroy()
  server.close()
})

t.test('queued: what one has sent and the other has not read, from either side', async (t) => {
  const accepted: Socket[] = []
  const server = createServer({ pauseOnConnect: true }, (socket) => accepted.push(socket)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const client = await dialled(port)
  const [own, table] = [client.localPort!, () => readFileSync('/proc/net/tcp', 'latin1')]
  client.write('123')
  while (queuedIn(table(), port, own).unread < 3) await new Promise(setImmediate)
  t.same(queuedIn(table(), port, own), { underway: 0, unread: 3 })
  t.same(queuedIn(table(), own, port), { underway: 3, unread: 0 })
  t.same(queuedIn(table(), own, 1), { underway: 0, unread: 0 })
  for (const socket of [client, ...accepted]) socket.destroy()
  server.close()
})

t.test('who asks while the table is read gets one that was begun after that, and shares it', async (t) => {
  const first = connectionTable()
  const [second, third] = [connectionTable(), connectionTable()]
  t.equal(second, third)
  t.not(second, first)
  t.equal(acceptQueue(1), 0, 'nobody listens there')
  const tables = await Promise.all([first, second])
  for (const table of tables) t.match(table, /^ +sl +local_address/)
})
