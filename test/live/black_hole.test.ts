/** A port that drops SYNs, while other processes dial it at every moment: a real proxy does not wait until it is one. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import t from 'tap'
import { BlackHole } from '../../src/live/black_hole.js'
import { acceptQueue } from '../../src/live/kernel_table.js'

/** Dials the port that it is told, a few times at once and without end; whoever is connected or refused dials again. */
const STRANGER = `
const { connect } = require('node:net')
const port = Number(process.argv[1])
function dial() {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {}).on('close', () => setImmediate(dial))
}
for (let i = 0; i < 8; i++) dial()
process.stdout.write('dials')`

t.test('those in the queue are ours, however many strangers dial meanwhile', async (t) => {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as { port: number }
  await new Promise((resolve) => probe.close(resolve))
  const hole = await BlackHole.prepare(port)
  const stranger = spawn(process.execPath, ['-e', STRANGER, String(port)], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(stranger.stdout, 'data')
  try {
    for (let time = 1; time <= 200; time++) {
      await hole.fill()
      if (time % 20 === 0) {
        t.equal(acceptQueue(port), 2, 'full')
        const mine = connect(port, '127.0.0.1').on('error', () => {})
        await new Promise((resolve) => setTimeout(resolve, 20))
        t.ok(mine.connecting, 'nobody answers')
        mine.destroy()
      }
      hole.lift()
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  } finally {
    stranger.kill('SIGKILL')
    await once(stranger, 'exit')
    await hole.close()
  }
})
