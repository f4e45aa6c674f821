/** The relay of a link, seen from the sockets at both of its ends: what passes, what does not, and how it ends. */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import fc from 'fast-check'
import t from 'tap'
import { monotonicMs } from '../../src/live/clock.js'
import type { RigInput } from '../../src/rig.js'
import {
  dialed,
  good,
  MB,
  type Peer,
  portOf,
  type RawOrigin,
  type RelayUnderTest,
  rawOrigin,
  relayTo,
  turn,
  until,
  withRig,
} from './peers.js'

type Direction = 'up' | 'down'

interface Line {
  relay: RelayUnderTest
  /** In front of the relay, and behind it. */
  near: Peer
  far: Peer
  /** Who sends in that direction, and who gets it. */
  ends(direction: Direction): [from: Peer, to: Peer]
}

/** One connection over a relay with those faults, both of its ends in hand. */
async function withLine(faults: object[], use: (line: Line) => Promise<void>): Promise<void> {
  const origin: RawOrigin = await rawOrigin(() => {})
  const relay = await relayTo(origin.port, faults)
  try {
    const near = await dialed(relay.port)
    await until(() => origin.connections.length === 1)
    const far = origin.connections[0]!
    await use({ relay, near, far, ends: (direction) => (direction === 'up' ? [near, far] : [far, near]) })
    near.socket.destroy()
  } finally {
    await relay.close()
    await origin.close()
  }
}

const wire = (direction: string, effect: unknown, after = 0, more: object = {}) => ({
  at: { type: 'wire', direction, after: `${after}B` },
  effect,
  ...more,
})

/** Longer than loopback ever needs. Only tells of silence: nothing is proved by how fast something was. */
const aWhile = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 80))

const text = (length: number, of = 'abcdefghij'): string => of.repeat(Math.ceil(length / of.length)).slice(0, length)

for (const effect of ['reset', 'close'] as const) {
  const how = effect === 'reset' ? 'RST' : 'FIN'

  for (const direction of ['up', 'down'] as const) {
    t.test(`${effect} ${direction}: exactly n bytes at the peer, then ${how} at both`, async (t) => {
      for (const n of [0, 1, 17, 65_536, 300_000]) {
        await withLine([wire(direction, effect, n)], async ({ relay, near, far, ends }) => {
          const [from, to] = ends(direction)
          from.send(text(n + 1000))
          t.same([await near.ended(), await far.ended()], [how, how], `${n} bytes`)
          t.ok(to.received === text(n), `${n} bytes: got ${to.received.length}`)
          t.equal(from.received, '')
          t.equal(relay.fired(), 1)
        })
      }
    })
  }

  t.test(`${effect}: the other direction’s bytes are there before the end is`, async (t) => {
    await withLine([wire('up', effect, 3)], async ({ near, far }) => {
      far.send('welcome')
      await near.until('welcome')
      near.send('abcdef')
      t.same([await near.ended(), await far.ended()], [how, how])
      t.same([near.received, far.received], ['welcome', 'abc'])
    })
  })

  t.test(`${effect}: cuts at any byte, of any chunks, leave exactly so many`, async (t) => {
    const chunks = fc.array(fc.integer({ min: 1, max: 40_000 }), { minLength: 1, maxLength: 8 })
    const direction = fc.constantFrom<Direction>('up', 'down')
    const property = fc.asyncProperty(
      chunks,
      direction,
      fc.double({ min: 0, max: 1, noNaN: true }),
      async (...drawn) => {
        const [sizes, way, share] = drawn
        const all = text(sizes.reduce((sum, size) => sum + size, 0))
        const n = Math.floor(share * (all.length - 1))
        await withLine([wire(way, effect, n)], async ({ near, far, ends }) => {
          const [from, to] = ends(way)
          let sent = 0
          for (const size of sizes) {
            from.send(all.slice(sent, sent + size))
            sent += size
            await turn()
          }
          const ends_ = [await near.ended(), await far.ended()]
          if (to.received !== all.slice(0, n)) throw new Error(`${to.received.length} bytes instead of ${n}`)
          if (ends_.some((end) => end !== how)) throw new Error(`ended with ${ends_}`)
        })
      },
    )
    await fc.assert(property, { numRuns: 25, seed: 7 })
    t.pass('25 of 25')
  })

  t.test(`${effect} under TLS: so many bytes of records, and the client sees ${how}`, async (t) => {
    const input: RigInput = {
      hops: { app: { kind: 'origin', tls: true, response: { size: '100KB' } } },
      clients: { me: { to: 'app' } },
      faults: [{ id: 'f', on: 'me->app', ...wire('down', effect, 40_000) } as NonNullable<RigInput['faults']>[number]],
    }
    await withRig(input, async (lab) => {
      const relay = lab.journal.find((event) => event.event === 'hop' && event.kind === 'relay') as { address: string }
      const raw = await dialed(Number(relay.address.split(':')[1]))
      const secure = connectTls({ socket: asStream(raw.socket), servername: 'app', ca: lab.ca })
      secure.on('error', () => {})
      await once(secure, 'secureConnect')
      secure.write('GET / HTTP/1.1\r\nHost: app\r\n\r\n')
      t.equal(await raw.ended(), how)
      t.equal(raw.received.length, 40_000)
      t.equal(lab.fault('f').fired, 1)
      secure.destroy()
      raw.socket.destroy()
    })
  })
}

/** The bytes of a socket for TLS above, which takes nothing of the socket itself away. */
function asStream(socket: Socket): Duplex {
  const stream = new Duplex({
    read() {},
    write: (chunk, _encoding, done) => void socket.write(chunk, () => done()),
  })
  socket.on('data', (chunk) => stream.push(chunk))
  return stream
}

t.test('a cut of no fault’s direction or bytes does not happen', async (t) => {
  await withLine([wire('up', 'reset', 10)], async ({ relay, near, far }) => {
    far.send(text(100_000))
    near.send(text(10))
    await near.until('j', 10_000)
    await far.until('j')
    near.socket.end()
    far.socket.end()
    t.same([await near.ended(), await far.ended()], ['FIN', 'FIN'])
    t.equal(relay.fired(), 0, 'exactly so many bytes pass unharmed')
  })
})

t.test('FIN as FIN: each side may end its own and still be told the rest', async (t) => {
  for (const direction of ['up', 'down'] as const) {
    await withLine([wire('both', { type: 'delay', by: '5ms' })], async ({ ends }) => {
      const [from, to] = ends(direction)
      from.send('question').socket.end()
      t.equal(await to.ended(), 'FIN')
      t.equal(to.received, 'question', 'behind all that was sent')
      to.send('answer').socket.end()
      t.equal(await from.ended(), 'FIN')
      t.equal(from.received, 'answer')
    })
  }
})

t.test('RST as RST: at once, within bytes, behind a FIN', async (t) => {
  for (const direction of ['up', 'down'] as const) {
    await withLine([wire('both', { type: 'delay', by: '5ms' })], async ({ ends }) => {
      const [from, to] = ends(direction)
      from.socket.resetAndDestroy()
      t.equal(await to.ended(), 'RST')
    })
    await withLine([wire('both', { type: 'delay', by: '5ms' })], async ({ ends }) => {
      const [from, to] = ends(direction)
      from.send('half a')
      to.send('x')
      await from.until('x')
      from.socket.resetAndDestroy()
      t.equal(await to.ended(), 'RST')
      t.equal(to.received, 'half a')
    })
    await withLine([wire('both', { type: 'delay', by: '5ms' }, MB)], async ({ ends }) => {
      const [from, to] = ends(direction)
      let lost: string | undefined
      to.socket.on('error', (error: NodeJS.ErrnoException) => {
        lost = error.code
      })
      from.socket.end()
      t.equal(await to.ended(), 'FIN')
      from.socket.resetAndDestroy()
      // Behind a FIN nobody reads any more: only who writes gets to hear of an RST.
      while (lost === undefined) {
        to.send('anybody there?')
        await turn()
      }
      t.match(lost, /ECONNRESET|EPIPE/, 'who has left is not written to for ever')
    })
  }
})

t.test('a slow reader slows the sender down, and no more than that is held', async (t) => {
  for (const effect of [
    { type: 'delay', by: '1ms' },
    { type: 'throttle', chunk: '64KB', every: '1ms' },
  ]) {
    for (const direction of ['up', 'down'] as const) {
      await withLine([wire('both', effect)], async ({ ends }) => {
        const [from, to] = ends(direction)
        to.socket.pause()
        const sent = await sendUntilStuck(from.socket, 64 * MB)
        t.ok(sent < 48 * MB, `${direction}: stuck after ${sent} bytes`)
        from.socket.end()
        to.socket.resume()
        t.equal(await to.ended(), 'FIN')
        t.equal(to.received.length, sent, 'and all of it arrives')
      })
    }
  }
})

/** Sends until nothing is taken any more. Kernels hold some megabytes each; what is above these is ours. */
async function sendUntilStuck(socket: Socket, limit: number): Promise<number> {
  const chunk = Buffer.alloc(256 * 1024, 'x')
  let sent = 0
  while (sent < limit) {
    sent += chunk.length
    if (socket.write(chunk)) continue
    const drained = await Promise.race([once(socket, 'drain').then(() => true), aWhile().then(() => false)])
    if (!drained) break
  }
  return sent
}

t.test('delay: everything later, in order, however long each one takes', async (t) => {
  const by = { type: 'uniform', from: '10ms', to: '40ms' }
  await withLine([wire('up', { type: 'delay', by })], async ({ relay, near, far }) => {
    const started = monotonicMs()
    const letters = [...text(20, 'abcdefghijklmnopqrstuvwxyz')]
    for (const letter of letters) {
      near.send(letter)
      await turn()
    }
    near.socket.end()
    t.equal(await far.ended(), 'FIN')
    t.equal(far.received, letters.join(''))
    t.ok(monotonicMs() - started >= 10)
    t.equal(relay.fired(), 1, 'all of it was said in one go')
    far.send('late? no')
    await near.until('late? no')
    t.equal(relay.fired(), 1, 'nothing of the other direction')
  })
})

t.test('delay: a fault counts once for everything that a side says in turn', async (t) => {
  await withLine([wire('both', { type: 'delay', by: '1ms' })], async ({ relay, near, far }) => {
    for (let round = 1; round <= 5; round++) {
      near.send('ping')
      await far.until('ping', round)
      far.send('pong')
      await near.until('pong', round)
      t.equal(relay.fired(), 2 * round)
    }
  })
  await withLine([wire('down', { type: 'delay', by: '1ms' })], async ({ relay, far, near }) => {
    far.send(text(5 * MB))
    far.socket.end()
    t.equal(await near.ended(), 'FIN')
    t.equal(near.received.length, 5 * MB)
    t.equal(relay.fired(), 1, 'a long transfer does not flood the journal')
  })
})

t.test('throttle: no faster than its pace', async (t) => {
  for (const direction of ['up', 'down'] as const) {
    const effect = { type: 'throttle', chunk: '3B', every: '10ms' }
    await withLine([wire(direction, effect, 4)], async ({ relay, ends }) => {
      const [from, to] = ends(direction)
      const started = monotonicMs()
      from.send(text(4 + 30))
      await turn()
      from.send('end').socket.end()
      t.equal(await to.ended(), 'FIN')
      t.equal(to.received, `${text(34)}end`)
      t.ok(monotonicMs() - started >= 100, 'eleven pieces, ten pauses')
      t.equal(relay.fired(), 1)
    })
  }
})

t.test('swallow: small chunks pass; the first large one and all behind it vanish, the FIN too', async (t) => {
  await withLine([wire('up', { type: 'swallow', over: '1000B' })], async ({ relay, near, far }) => {
    near.send(text(1000))
    await far.until('j', 100)
    t.equal(relay.fired(), 0)
    near.send(text(1001))
    await until(() => relay.fired() === 1)
    near.send('small').socket.end()
    await aWhile()
    t.equal(far.received, text(1000))
    t.equal(far.socket.readableEnded, false)
    far.send('and back')
    await near.until('and back')
    t.pass('the way back is open')
  })
})

t.test('stall: n bytes, then silence, until the path is there again', async (t) => {
  await withLine([wire('up', 'stall', 5, { window: { to: '300ms' } })], async ({ relay, near, far }) => {
    const arrivals: number[] = []
    far.socket.on('data', () => arrivals.push(relay.site.now()))
    await relay.site.beginLoad()
    near.send('hello, world').socket.end()
    t.equal(await far.ended(), 'FIN')
    t.equal(far.received, 'hello, world', 'what was lost is sent again')
    t.equal(relay.fired(), 1)
    t.ok(arrivals.at(-1)! >= 300)
    t.ok(arrivals.length > 1, 'the first bytes came by themselves')
  })
  await withLine([wire('both', 'stall', 5)], async ({ relay, near, far }) => {
    near.send('hello, world')
    await until(() => relay.fired() === 1)
    await aWhile()
    t.same([near.received, far.received], ['', 'hello'])
    t.same([near.socket.destroyed, far.socket.destroyed], [false, false])
    const sent = await sendUntilStuck(near.socket, 64 * MB)
    t.ok(sent < 48 * MB, `a dead path takes no more than buffers do: ${sent}`)
  })
})

t.test('windows, sequences and shares select chunks', async (t) => {
  await withLine([wire('up', 'reset', 0, { sequence: ['pass', 'pass', 'fault'] })], async ({ near, far }) => {
    for (const word of ['one ', 'two ', 'three ']) {
      near.send(word)
      if (word !== 'three ') await far.until(word)
    }
    t.same([await near.ended(), far.received], ['RST', 'one two '])
  })
  await withLine([wire('up', 'reset', 0, { window: { from: '10s' } })], async ({ near, far }) => {
    near.send('early enough')
    await far.until('early enough')
  })
  const decisions = async (): Promise<number> => {
    let fired = 0
    const fault = wire('up', { type: 'delay', by: '1ms' }, 0, { probability: '50%' })
    await withLine([fault], async ({ relay, near, far }) => {
      for (let round = 1; round <= 16; round++) {
        near.send('ping')
        await far.until('ping', round)
        far.send('pong')
        await near.until('pong', round)
        fired = fired * 2 + (relay.fired() & 1)
      }
    })
    return fired
  }
  const [first, again] = [await decisions(), await decisions()]
  t.equal(first, again, 'the same seed, the same chunks')
  t.not(first, 0)
})

t.test('what a link’s address is under, and that of the hop behind it', async (t) => {
  const hops: RigInput['hops'] = {
    app: { kind: 'origin' },
    a: { kind: 'proxy', to: ['app'] },
    b: { kind: 'proxy', to: ['app'] },
  }
  const refuse = { at: 'connect', effect: 'refuse' } as const
  await withRig({ hops, faults: [{ id: 'f', on: 'a->app', ...refuse }] }, async (lab) => {
    t.match(await good(portOf(lab, 'a')), /^HTTP\/1.1 502 [\s\S]*error=connection_refused/)
    t.match(await good(portOf(lab, 'b')), /^HTTP\/1.1 200 /, 'another link to the same hop is fine')
    t.equal(lab.fault('f').fired, 1)
    await lab.fault('f').disarm()
    t.match(await good(portOf(lab, 'a')), /^HTTP\/1.1 200 /)
  })
  const others = [
    ['unreachable', /^HTTP\/1.1 502 [\s\S]*error=destination_ip_unroutable/],
    ['blackhole', /^HTTP\/1.1 504 [\s\S]*error=connection_timeout/],
  ] as const
  for (const [effect, answer] of others) {
    const impatient = { ...hops, a: { kind: 'proxy', to: ['app'], timeouts: { connect: '150ms' } } } as typeof hops
    await withRig({ hops: impatient, faults: [{ id: 'f', on: 'a->app', at: 'connect', effect }] }, async (lab) => {
      t.match(await good(portOf(lab, 'a')), answer, effect)
      t.match(await good(portOf(lab, 'b')), /^HTTP\/1.1 200 /, 'another link to the same hop is fine')
      t.equal(lab.fault('f').fired, 1)
      await lab.fault('f').disarm()
      t.match(await good(portOf(lab, 'a')), /^HTTP\/1.1 200 /)
    })
  }
  const harmless = wire('both', 'stall', MB) as unknown as typeof refuse
  const faults = [
    { id: 'f', on: 'app', ...refuse },
    { id: 'g', on: 'a->app', ...harmless },
  ]
  await withRig({ hops, faults }, async (lab) => {
    for (const name of ['a', 'b']) {
      t.match(await good(portOf(lab, name)), /^HTTP\/1.1 502 [\s\S]*error=connection_refused/, 'a relay hides nothing')
    }
    t.equal(lab.fault('f').fired, 2)
    await lab.fault('f').disarm()
    for (const name of ['a', 'b']) t.match(await good(portOf(lab, name)), /^HTTP\/1.1 200 /)
  })
})

t.test('a client’s link is one too', async (t) => {
  const input: RigInput = {
    hops: { app: { kind: 'origin' }, lb: { kind: 'proxy', to: ['app'] } },
    clients: { one: { to: 'lb' }, two: { to: 'lb' } },
    faults: [{ id: 'f', on: 'one->lb', at: 'wire', effect: 'reset' }],
  }
  await withRig(input, async (lab) => {
    const { clients } = await lab.load()
    t.same(clients.get('one')?.metrics.errors, { connection_terminated: 1 })
    t.same(clients.get('two')?.metrics.statuses, { 200: 1 })
    t.equal(lab.fault('f').fired, 1)
  })
})
