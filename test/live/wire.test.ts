/** What is on the wire, seen from the peer's own socket: every reset, close, cut and silence that the issue names. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import { reset } from '../../src/live/wire.js'
import { type Rig, type RigInput, rig } from '../../src/rig.js'
import { captureHello } from './hellos.js'

/** How a connection ended for the peer, and every byte it got. */
interface Ended {
  how: 'RST' | 'FIN' | 'other'
  bytes: string
}

function ending(socket: Socket): Promise<Ended> {
  let bytes = ''
  return new Promise((resolve) => {
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.toString('latin1')
    })
    socket.on('end', () => resolve({ how: 'FIN', bytes }))
    socket.on('error', (error: NodeJS.ErrnoException) =>
      resolve({ how: error.code === 'ECONNRESET' ? 'RST' : 'other', bytes }),
    )
  })
}

const portOf = (lab: Rig, hop: string): number => Number(new URL(lab.urlOf(hop)).port)

/** Sends one request to a hop and tells how it ended. */
function ask(lab: Rig, hop: string): Promise<Ended> {
  const socket = connect(portOf(lab, hop), '127.0.0.1')
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  return ending(socket)
}

const askTls = (lab: Rig, hop: string): TLSSocket =>
  connectTls({ port: portOf(lab, hop), host: '127.0.0.1', servername: 'app', ca: lab.ca })

async function withRig(input: RigInput, use: (lab: Rig) => Promise<void>): Promise<void> {
  const lab = await rig(input)
  try {
    await use(lab)
  } finally {
    await lab.close()
  }
}

const plain = (fault: object, response: object = {}): RigInput => ({
  hops: { app: { kind: 'origin', response } },
  faults: [{ id: 'f', on: 'app', ...fault } as NonNullable<RigInput['faults']>[number]],
})

const body = 'a'.repeat(100)
const head = /^HTTP\/1\.1 200 OK\r\nContent-Length: 100\r\nDate: [^\r]+\r\nConnection: keep-alive\r\n\r\n/

for (const effect of ['reset', 'close'] as const) {
  const how = effect === 'reset' ? 'RST' : 'FIN'

  t.test(`${effect} without a byte: at accept and at the request`, async (t) => {
    for (const at of ['accept', 'request_head'] as const) {
      await withRig(plain({ at, effect }), async (lab) => {
        t.same(await ask(lab, 'app'), { how, bytes: '' }, at)
        t.equal(lab.fault('f').fired, 1)
      })
    }
  })

  t.test(`${effect} after exactly n bytes of the body, behind the whole head`, async (t) => {
    for (const after of [0, 1, 17, 99]) {
      await withRig(plain({ at: { type: 'response_body', after: `${after}B` }, effect }, { body }), async (lab) => {
        const ended = await ask(lab, 'app')
        t.equal(ended.how, how)
        t.match(ended.bytes, head)
        t.equal(ended.bytes.replace(head, ''), 'a'.repeat(after))
      })
    }
  })

  t.test(`${effect} after exactly n bytes of the head`, async (t) => {
    await withRig(plain({ at: { type: 'response_head', after: '17B' }, effect }), async (lab) => {
      t.same(await ask(lab, 'app'), { how, bytes: 'HTTP/1.1 200 OK\r\n' })
    })
  })

  t.test(`${effect} within a chunked and within a close-delimited body`, async (t) => {
    const at = { type: 'response_body', after: '5B' }
    await withRig(plain({ at, effect }, { body, framing: 'chunked' }), async (lab) => {
      const ended = await ask(lab, 'app')
      t.equal(ended.how, how)
      t.equal(ended.bytes.split('\r\n\r\n')[1], `64\r\n${'a'.repeat(5)}`)
    })
    await withRig(plain({ at, effect }, { body, framing: 'close' }), async (lab) => {
      const ended = await ask(lab, 'app')
      t.equal(ended.how, how)
      t.equal(ended.bytes.split('\r\n\r\n')[1], 'a'.repeat(5))
    })
  })

  t.test(`${effect} on the ClientHello: not a byte of TLS comes back`, async (t) => {
    const hops = { app: { kind: 'origin', tls: true }, fw: { kind: 'waf', to: 'app' } } as const
    for (const on of ['app', 'fw'] as const) {
      await withRig({ hops, faults: [{ id: 'f', on, at: 'client_hello', effect }] }, async (lab) => {
        // Replayed by hand: a TLS socket tells FIN and RST alike.
        const socket = connect(portOf(lab, on), '127.0.0.1')
        socket.write(await captureHello())
        t.same(await ending(socket), { how, bytes: '' }, on)
        t.equal(lab.facts.connections.get('app') ?? 0, on === 'app' ? 1 : 0, 'the origin saw what it should')
      })
    }
  })

  t.test(`${effect} under TLS, within the body`, async (t) => {
    const input: RigInput = {
      hops: { app: { kind: 'origin', tls: true, response: { body } } },
      faults: [{ id: 'f', on: 'app', at: { type: 'response_body', after: '17B' }, effect }],
    }
    await withRig(input, async (lab) => {
      const secure = askTls(lab, 'app')
      secure.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
      const ended = await ending(secure)
      t.equal(ended.how, how)
      t.equal(ended.bytes.replace(head, ''), 'a'.repeat(17))
    })
  })
}

t.test('an RST comes only after a large response was read to its last byte', async (t) => {
  const size = 3_000_000
  const input = plain({ at: { type: 'response_body', after: `${size}B` }, effect: 'reset' }, { size: `${size + 1}B` })
  await withRig(input, async (lab) => {
    const ended = await ask(lab, 'app')
    t.equal(ended.how, 'RST')
    t.equal(ended.bytes.split('\r\n\r\n')[1]!.length, size)
  })
})

const LARGE = 600_000

/** Resets it behind many bytes, and tells how many of them the reader took. */
async function resetBehindMany(t: Test, read: (reader: Socket) => void): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const reader = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [socket] = (await once(server, 'connection')) as [Socket]
  socket.write(Buffer.alloc(LARGE))
  let taken = 0
  reader.on('data', (chunk) => {
    taken += chunk.length
    read(reader)
  })
  let code: string | undefined
  reader.on('error', (error: NodeJS.ErrnoException) => {
    code = error.code
  })
  const over = new Promise((resolve) => reader.on('close', resolve))
  await reset(socket)
  await over
  t.equal(code, 'ECONNRESET')
  server.close()
  // What it never took from its own buffer was read, too.
  return taken + reader.readableLength
}

t.test('an RST waits for a reader that takes its time, as long as it reads', async (t) => {
  let pauses = 0
  const slowly = (reader: Socket) => {
    pauses++
    reader.pause()
    setTimeout(() => reader.resume(), 300)
  }
  t.equal(await resetBehindMany(t, slowly), LARGE)
  t.ok(pauses >= 5, `${pauses} pauses: longer than it waits for one that reads nothing`)
})

t.test('an RST waits for a reader that could not read, because its machine stood still', async (t) => {
  let stood = false
  const read = (reader: Socket) => {
    if (stood) return
    stood = true
    reader.pause()
    // Behind the first looks.
    setTimeout(() => {
      const until = performance.now() + 2500
      while (performance.now() < until);
      setTimeout(() => reader.resume(), 20)
    }, 50)
  }
  t.equal(await resetBehindMany(t, read), LARGE)
})

t.test('stall: the request was taken, nothing comes, the connection stays open', async (t) => {
  await withRig(plain({ at: 'request_head', effect: 'stall' }), async (lab) => {
    const socket = connect(portOf(lab, 'app'), '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    const ended = ending(socket)
    await lab.until(() => lab.fault('f').fired === 1)
    const silence = new Promise<string>((resolve) => socket.setTimeout(100, () => resolve('silence')))
    t.equal(await Promise.race([ended.then(({ how }) => how), silence]), 'silence')
    t.equal(socket.bytesRead, 0)
    t.equal(lab.fault('f').fired, 1)
    socket.destroy()
  })
})

t.test('close reads on until the peer closes too', async (t) => {
  await withRig(plain({ at: 'request_head', effect: 'close' }), async (lab) => {
    const socket = connect({ port: portOf(lab, 'app'), host: '127.0.0.1', allowHalfOpen: true })
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n')
    await once(socket.resume(), 'end')
    socket.end(Buffer.alloc(1_000_000))
    const [hadError] = await once(socket, 'close')
    t.equal(hadError, false, 'FIN for FIN, no RST for the bytes that came late')
  })
})

t.test('refuse: nobody listens, and the address comes back where it was', async (t) => {
  await withRig(plain({ at: 'connect', effect: 'refuse' }), async (lab) => {
    const dial = (): Promise<string> =>
      new Promise((resolve) => {
        const socket = connect(portOf(lab, 'app'), '127.0.0.1', () => {
          socket.destroy()
          resolve('connected')
        })
        socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code!))
      })
    t.equal(await dial(), 'ECONNREFUSED')
    t.equal(lab.facts.connections.get('app') ?? 0, 0)
    await lab.fault('f').disarm()
    t.equal(await dial(), 'connected')
    await lab.fault('f').arm()
    t.equal(await dial(), 'ECONNREFUSED')
  })
})

t.test('the firewall passes bytes on unchanged, RST for RST and FIN for FIN', async (t) => {
  const hops = { app: { kind: 'origin', response: { body } }, fw: { kind: 'waf', to: 'app' } } as const
  await withRig({ hops }, async (lab) => {
    const socket = connect(portOf(lab, 'fw'), '127.0.0.1')
    socket.end('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    const ended = await ending(socket)
    t.equal(ended.how, 'FIN')
    t.equal(ended.bytes.split('\r\n\r\n')[1], body)
  })
  for (const effect of ['reset', 'close'] as const) {
    const faults = [{ id: 'f', on: 'app', at: { type: 'response_body', after: '17B' }, effect }] as const
    await withRig({ hops, faults: [...faults] }, async (lab) => {
      const ended = await ask(lab, 'fw')
      t.equal(ended.how, effect === 'reset' ? 'RST' : 'FIN')
      t.equal(ended.bytes.replace(head, ''), 'a'.repeat(17))
    })
  }
})

t.test('certificates are wrong in exactly one way each', async (t) => {
  const errors = {
    expired: 'CERT_HAS_EXPIRED',
    not_yet_valid: 'CERT_NOT_YET_VALID',
    wrong_host: 'ERR_TLS_CERT_ALTNAME_INVALID',
    untrusted: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    missing_intermediate: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  }
  for (const [kind, code] of Object.entries(errors)) {
    const input: RigInput = {
      hops: { app: { kind: 'origin', tls: true } },
      faults: [{ id: 'f', on: 'app', at: 'handshake', effect: { type: 'certificate', kind: kind as 'expired' } }],
    }
    await withRig(input, async (lab) => {
      const [error] = await once(askTls(lab, 'app'), 'error')
      t.equal(error.code, code)
      await lab.fault('f').disarm()
      const secure = askTls(lab, 'app')
      await once(secure, 'secureConnect')
      t.equal(secure.authorized, true, 'and right when disarmed')
      secure.destroy()
    })
  }
})
