/** The mini proxy while bytes flow: nothing is kept, nothing that was cut is completed, nobody waits for the wrong one. */

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import type { RigInput } from '../../src/rig.js'
import {
  answering,
  deafAddress,
  dialed,
  exchange,
  forwardsIn,
  good,
  Peer,
  portOf,
  proxyTo,
  until,
  withRawOrigin,
  withRig,
} from './peers.js'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Bytes in buffers that somebody still holds; what was dropped is swept by a thread of its own. */
async function bytesHeld(): Promise<number> {
  collectGarbage()
  await turn()
  collectGarbage()
  return process.memoryUsage().arrayBuffers
}

const MB = 1024 * 1024
const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

const lone = (app: object = {}, lb: object = {}, faults: object[] = []): RigInput =>
  ({ hops: { app: { kind: 'origin', ...app }, lb: { kind: 'proxy', to: ['app'], ...lb } }, faults }) as RigInput

t.test(
  'a large response streams: a slow reader slows the origin down, and nothing piles up between them',
  async (t) => {
    for (const framing of ['content-length', 'chunked', 'close']) {
      await withRig(lone({ response: { size: '64MB', framing } }), async (lab) => {
        const before = await bytesHeld()
        const socket = connect(portOf(lab, 'lb'), '127.0.0.1')
        socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
        let most = 0
        let sampled = 0
        for await (const _chunk of socket) {
          for (let i = 0; i < 5; i++) await turn()
          if (socket.bytesRead - sampled < 4 * MB) continue
          sampled = socket.bytesRead
          most = Math.max(most, (await bytesHeld()) - before)
        }
        t.ok(socket.bytesRead > 64 * MB, framing)
        t.ok(most < 8 * MB, `${framing}: at most ${most} bytes held`)
        t.equal(forwardsIn(lab.journal)[0]!.tries[0]!.response_bytes, 64 * MB)
      })
    }
  },
)

t.test('the first bytes of a response are passed on before the last are there', async (t) => {
  for (const framing of ['content-length', 'chunked', 'close']) {
    const fault = { id: 'hang', on: 'app', at: { type: 'response_body', after: '1000B' }, effect: 'stall' }
    await withRig(lone({ response: { size: '2000B', framing } }, {}, [fault]), async (lab) => {
      const peer = (await dialed(portOf(lab, 'lb'))).send('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
      const some = 'badgateway '.repeat(91).slice(0, 1000)
      await peer.until(some)
      t.ok(peer.body.includes(some), framing)
      t.equal(forwardsIn(lab.journal).length, 0, 'and it is not over')
      peer.socket.destroy()
    })
  }
})

t.test('a large upload streams, by length and in chunks', async (t) => {
  await withRig(lone(), async (lab) => {
    const piece = Buffer.alloc(MB, 'u')
    const framed = Buffer.concat([Buffer.from(`${MB.toString(16)}\r\n`), piece, Buffer.from('\r\n')])
    for (const [id, field, bytes, end] of [
      ['length', `Content-Length: ${48 * MB}`, piece, ''],
      ['chunks', 'Transfer-Encoding: chunked', framed, '0\r\n\r\n'],
    ] as const) {
      const before = await bytesHeld()
      const peer = await dialed(portOf(lab, 'lb'))
      peer.send(`POST / HTTP/1.1\r\nHost: x\r\nX-Request-Id: ${id}\r\nConnection: close\r\n${field}\r\n\r\n`)
      let most = 0
      for (let sent = 1; sent <= 48; sent++) {
        if (!peer.socket.write(bytes)) await once(peer.socket, 'drain')
        if (sent % 8 === 0) most = Math.max(most, (await bytesHeld()) - before)
      }
      peer.send(end)
      t.equal(await peer.ended(), 'FIN')
      t.match(peer.received, /^HTTP\/1\.1 200 /)
      t.ok(most < 8 * MB, `${id}: at most ${most} bytes held`)
      t.equal(lab.attemptsAt('app', { requestId: id })[0]!.request_bytes, 48 * MB)
      peer.socket.destroy()
    }
  })
})

const TEXT = 'a'.repeat(100)
/** What a client gets of a body that was cut behind so many bytes; a chunk is closed, the body is not. */
const passedOn = (chunked: boolean, bytes: number) =>
  !chunked ? TEXT.slice(0, bytes) : bytes === 0 ? '' : `${bytes.toString(16)}\r\n${TEXT.slice(0, bytes)}\r\n`

t.test('a response that is cut upstream is cut downstream, behind exactly the bytes that came', async (t) => {
  for (const framing of ['content-length', 'chunked', 'close'] as const) {
    for (const effect of ['close', 'reset'] as const) {
      for (const after of [0, 17]) {
        const fault = { id: 'cut', on: 'app', at: { type: 'response_body', after: `${after}B` }, effect }
        await withRig(lone({ response: { body: TEXT, framing } }, {}, [fault]), async (lab) => {
          for (const version of ['1.1', '1.0']) {
            const name = `${framing}, ${effect} behind ${after}, HTTP/${version}`
            const peer = await exchange(
              portOf(lab, 'lb'),
              `GET / HTTP/${version}\r\nHost: x\r\nConnection: close\r\n\r\n`,
            )
            const head = peer.received.slice(0, -peer.body.length || undefined)
            // Who tells the end of a body by closing has told it with a FIN, whatever was left to say.
            const complete = framing === 'close' && effect === 'close'
            const chunked = version === '1.1' && framing !== 'content-length'
            t.match(head, /^HTTP\/1\.1 200 OK\r\n.*\r\n\r\n$/s, `${name}: the head is whole`)
            t.equal(/\r\nContent-Length: 100\r\n/.test(head), framing === 'content-length', name)
            t.equal(/\r\nTransfer-Encoding: chunked\r\n/.test(head), chunked, name)
            t.equal(peer.body, passedOn(chunked, after) + (complete && chunked ? '0\r\n\r\n' : ''), name)
            const lengthTold = chunked || framing === 'content-length' || complete
            t.equal(await peer.ended(), lengthTold ? 'FIN' : 'RST', name)
            const forward = forwardsIn(lab.journal).at(-1)!
            t.equal(forward.cut, complete ? undefined : true, name)
            t.equal(forward.status, 200, name)
            t.equal(forward.failure?.manner, complete ? undefined : effect === 'reset' ? 'reset' : 'closed', name)
            t.equal(forward.tries[0]!.response_bytes, after, name)
          }
        })
      }
    }
  }
})

t.test('under TLS too, what is cut does not look complete', async (t) => {
  const fault = { id: 'cut', on: 'app', at: { type: 'response_body', after: '17B' }, effect: 'reset' }
  for (const framing of ['content-length', 'chunked', 'close'] as const) {
    await withRig(lone({ response: { body: TEXT, framing } }, { tls: true }, [fault]), async (lab) => {
      for (const version of ['1.1', '1.0']) {
        const options = { port: portOf(lab, 'lb'), host: '127.0.0.1', servername: 'lb', ca: lab.ca }
        const peer = new Peer(connectTls(options)).send(`GET / HTTP/${version}\r\nHost: x\r\n\r\n`)
        const chunked = version === '1.1' && framing !== 'content-length'
        const how = await peer.ended()
        t.equal(peer.body, passedOn(chunked, 17), `${framing} ${version}`)
        t.equal(how, chunked || framing === 'content-length' ? 'FIN' : 'RST', `${framing} ${version}`)
        peer.socket.destroy()
      }
    })
  }
})

t.test('a large response that is cut is delivered to its last byte, to a slow reader too', async (t) => {
  for (const effect of ['close', 'reset']) {
    for (const framing of ['content-length', 'chunked'] as const) {
      const fault = { id: 'cut', on: 'app', at: { type: 'response_body', after: '20MB' }, effect }
      await withRig(lone({ response: { size: '21MB', framing } }, {}, [fault]), async (lab) => {
        const socket = connect(portOf(lab, 'lb'), '127.0.0.1')
        socket.write('GET / HTTP/1.0\r\nHost: x\r\n\r\n')
        let [head, bytes] = ['', 0]
        socket.on('data', (chunk: Buffer) => {
          if (!head.includes('\r\n\r\n')) head += chunk.subarray(0, 1000).toString('latin1')
          bytes += chunk.length
          socket.pause()
          setImmediate(() => socket.resume())
        })
        const how = await new Promise<string>((resolve) => {
          socket.on('end', () => resolve('FIN'))
          socket.on('error', () => resolve('RST'))
        })
        t.equal(bytes - (head.indexOf('\r\n\r\n') + 4), 20 * MB, `${effect} ${framing}`)
        t.equal(how, framing === 'content-length' ? 'FIN' : 'RST')
        socket.destroy()
      })
    }
  }
})

t.test('an upstream that resets while the reader does not read harms this response only', async (t) => {
  const sockets: Socket[] = []
  const notice = (message: unknown) => void sockets.push((message as { socket: Socket }).socket)
  for (const channel of ['net.client.socket', 'net.server.socket']) {
    subscribe(channel, notice)
    t.teardown(() => unsubscribe(channel, notice))
  }
  /** The proxy's own end of the connection to that port. */
  const proxyEnd = (port: number) => sockets.find(({ remotePort }) => remotePort === port)!
  const heads = [
    'Connection: close\r\nContent-Length: 99000000\r\n',
    'Connection: close\r\n',
    'Content-Length: 99000000\r\n',
  ]
  for (const head of heads) {
    const serve = answering(`HTTP/1.1 200 OK\r\n${head}\r\n`)
    await withRawOrigin(serve, async (proxy, origin) => {
      const reader = (await dialed(proxy.port)).send('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
      await reader.stopAt('\r\n\r\n')
      const [upstream] = origin.connections
      const [from, to] = [proxyEnd(origin.port), proxyEnd(reader.socket.localPort!)]
      // Node writes 16 KB ahead, then the proxy pauses: it has read everything, and so still hears of a reset.
      while (!to.writableNeedDrain) {
        upstream!.send('z'.repeat(16384))
        await until(() => from.bytesRead === upstream!.socket.bytesWritten)
      }
      upstream!.socket.resetAndDestroy()
      await once(from, 'close')
      reader.socket.resume()
      t.equal(await reader.ended(), 'FIN')
      const [forward] = proxy.forwards()
      t.equal(forward!.cut, true, head)
      t.equal(forward!.failure!.manner, 'reset', head)
      t.match(await good(proxy.port), /^HTTP\/1\.1 200 /, 'the proxy lives')
      reader.socket.destroy()
    })
  }
})

t.test('a client that leaves ends its request upstream', async (t) => {
  const silent = () => {}
  const leaving = {
    FIN: (peer: Peer) => peer.socket.end(),
    RST: (peer: Peer) => peer.socket.resetAndDestroy(),
  }
  for (const [how, leave] of Object.entries(leaving)) {
    await t.test(`waiting for the head, by ${how}`, async (t) => {
      await withRawOrigin(silent, async (proxy, origin) => {
        const peer = (await dialed(proxy.port)).send('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
        await until(() => origin.connections[0]?.received.endsWith('\r\n\r\n') === true)
        leave(peer)
        await origin.connections[0]!.ended()
        const [forward] = proxy.forwards()
        t.equal(forward!.client_left, true)
        t.equal(forward!.status, undefined)
        t.equal(forward!.failure, undefined)
        t.equal(forward!.tries.length, 1)
        if (how === 'FIN') t.equal(await peer.ended(), 'FIN', 'half a connection is none: nginx hangs up too')
        t.equal(peer.received, '')
        peer.socket.destroy()
      })
    })

    await t.test(`within the response, by ${how}`, async (t) => {
      await withRig(lone({ response: { size: '32MB' } }), async (lab) => {
        const peer = (await dialed(portOf(lab, 'lb'))).send('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
        await peer.stopAt('badgateway')
        leave(peer)
        await until(() => lab.attemptsAt('app').length === 1)
        t.equal(lab.attemptsAt('app')[0]!.outcome, 'aborted')
        await until(() => forwardsIn(lab.journal).length === 1)
        const [forward] = forwardsIn(lab.journal)
        t.equal(forward!.client_left, true)
        t.equal(forward!.status, 200)
        t.ok(forward!.tries[0]!.response_bytes < 32 * MB)
        peer.socket.destroy()
      })
    })

    await t.test(`within its upload, by ${how}`, async (t) => {
      await withRig(lone(), async (lab) => {
        for (const framing of [
          `Content-Length: ${2 * MB}\r\n\r\n${TEXT}`,
          `Transfer-Encoding: chunked\r\n\r\n64\r\n${TEXT}`,
        ]) {
          await lab.reset()
          const peer = (await dialed(portOf(lab, 'lb'))).send(`PUT / HTTP/1.1\r\nHost: x\r\n${framing}`)
          await until(() => lab.facts.connections.get('app') === 1)
          for (let i = 0; i < 10; i++) await turn()
          leave(peer)
          await until(() => lab.attemptsAt('app').length === 1 && forwardsIn(lab.journal).length > 0)
          const [seen] = lab.attemptsAt('app')
          t.equal(seen!.outcome, 'aborted', 'and never completed')
          t.equal(seen!.request_bytes, 100)
          const [forward, ...more] = forwardsIn(lab.journal)
          t.equal(forward!.client_left, true)
          t.equal(forward!.tries.length, 1)
          t.equal(more.length, 0, 'one request, one event')
          peer.socket.destroy()
        }
      })
    })
  }

  await t.test('while connecting', async (t) => {
    const deaf = await deafAddress()
    const proxy = await proxyTo([deaf.port])
    const peer = (await dialed(proxy.port)).send('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await until(() => process.getActiveResourcesInfo().includes('TCPConnectWrap'))
    peer.socket.end()
    await until(() => proxy.forwards().length === 1)
    await until(() => !process.getActiveResourcesInfo().includes('TCPConnectWrap'))
    t.equal(proxy.forwards()[0]!.client_left, true)
    peer.socket.destroy()

    const waiting = (await dialed(proxy.port)).send('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await until(() => process.getActiveResourcesInfo().includes('TCPConnectWrap'))
    await proxy.close()
    await until(() => !process.getActiveResourcesInfo().includes('TCPConnectWrap'))
    t.pass('and closing the proxy ends the dialling too')
    waiting.socket.destroy()
    await deaf.close()
  })

  await t.test('with several requests in the pipe', async (t) => {
    await withRawOrigin(silent, async (proxy, origin) => {
      const one = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
      const peer = (await dialed(proxy.port)).send(one + one + one)
      await until(() => origin.connections.filter(({ received }) => received).length === 3)
      peer.socket.end()
      for (const connection of origin.connections) await connection.ended()
      t.same(
        proxy.forwards().map((forward) => forward.client_left),
        [true, true, true],
      )
      peer.socket.destroy()
    })
  })
})

t.test('an upstream that answers early or goes away does not leave an uploading client hanging', async (t) => {
  const upload = `PUT /up HTTP/1.1\r\nHost: x\r\nContent-Length: ${24 * MB}\r\n\r\n`
  const early = 'HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig'
  const hanging: Record<string, (peer: Peer) => void> = {
    'answers early and reads no more': (peer) => {
      peer.socket.pause()
      peer.send(early)
    },
    'answers early and closes': (peer) => void peer.socket.end(early),
    closes: (peer) => void peer.socket.end(),
    resets: (peer) => void peer.socket.resetAndDestroy(),
  }
  for (const [name, act] of Object.entries(hanging)) {
    const serve = async (peer: Peer) => {
      await peer.until('\r\n\r\n')
      if (peer.received.startsWith('PUT')) return act(peer)
      peer.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    }
    await withRawOrigin(serve, async (proxy) => {
      const peer = (await dialed(proxy.port)).send(upload)
      const piece = Buffer.alloc(MB, 'u')
      let over = false
      void peer.ended().then(() => {
        over = true
      })
      for (let sent = 0; sent < 24 && !over; sent++) {
        if (!peer.socket.write(piece)) await Promise.race([once(peer.socket, 'drain'), peer.ended()])
      }
      await peer.until('\r\n\r\n')
      t.match(peer.received, name.includes('early') ? /^HTTP\/1\.1 413 / : /^HTTP\/1\.1 502 /, name)
      if (!over) {
        peer.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
        await peer.until(/ok$/)
      }
      t.ok(over || peer.received.endsWith('ok'), `${name}: the connection goes on, or is closed`)
      t.match(await good(proxy.port), /ok$/)
      const [forward] = proxy.forwards()
      t.equal(forward!.tries.length, 1)
      peer.socket.destroy()
    })
  }
})

t.test('pipelined responses come in order, those that are cut too', async (t) => {
  const faults = [
    { id: 'stall', on: 'app', at: 'request_head', effect: 'stall', match: { path: '/stall' } },
    { id: 'cut', on: 'app', at: { type: 'response_body', after: '17B' }, effect: 'reset', match: { path: '/cut' } },
  ]
  await withRig(lone({ response: { body: TEXT } }, { timeouts: { read: '150ms' } }, faults), async (lab) => {
    const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`
    const peer = await exchange(portOf(lab, 'lb'), get('/stall') + get('/cut') + get('/never'))
    const [first, second, ...more] = peer.received.split('HTTP/1.1 ').slice(1)
    t.match(first, /^504 /)
    t.match(second, /^200 /)
    t.ok(second!.endsWith(`\r\n\r\n${'a'.repeat(17)}`))
    t.same(more, [])
    t.equal(await peer.ended(), 'FIN')
  })
})

t.test('timeouts are about the one who is late', async (t) => {
  const short = { read: '100ms', send: '100ms' }

  await t.test('reading the head, reading the body', async (t) => {
    const faults = [
      { id: 'head', on: 'app', at: 'request_head', effect: 'stall', match: { path: '/head' } },
      { id: 'part', on: 'app', at: { type: 'response_head', after: '9B' }, effect: 'stall', match: { path: '/part' } },
      { id: 'body', on: 'app', at: { type: 'response_body', after: '17B' }, effect: 'stall', match: { path: '/body' } },
    ]
    await withRig(lone({ response: { body: TEXT } }, { timeouts: short }, faults), async (lab) => {
      for (const [path, status, stage] of [
        ['/head', 504, 'response_head'],
        ['/part', 504, 'response_head'],
        ['/body', 200, 'response_body'],
      ] as const) {
        const peer = await exchange(portOf(lab, 'lb'), `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
        t.match(peer.received, new RegExp(`^HTTP/1\\.1 ${status} `), path)
        const { failure, ms, cut } = forwardsIn(lab.journal).at(-1)!
        t.match(failure, { type: 'connection_read_timeout', stage, manner: 'timeout' }, path)
        t.ok(ms >= 99, path)
        t.equal(cut, status === 200 ? true : undefined)
        if (path === '/body') t.ok(peer.received.endsWith(`\r\n\r\n${'a'.repeat(17)}`))
      }
    })
  })

  await t.test('reading, on a connection that has been idle for longer than that', async (t) => {
    const fault = { id: 'stall', on: 'app', at: 'request_head', effect: 'stall', match: { path: '/stall' } }
    await withRig(lone({}, { timeouts: { read: '60ms' } }, [fault]), async (lab) => {
      for (const round of [1, 2]) {
        await good(portOf(lab, 'lb'))
        await new Promise((resolve) => setTimeout(resolve, 150))
        t.match(await good(portOf(lab, 'lb')), /^HTTP\/1\.1 200 /)
        await new Promise((resolve) => setTimeout(resolve, 150))
        t.match(await good(portOf(lab, 'lb'), '/stall'), /^HTTP\/1\.1 504 /, `round ${round}`)
        t.equal(forwardsIn(lab.journal).at(-1)!.tries[0]!.reused, true)
      }
    })
  })

  await t.test('sending, and the client is not read from any faster', async (t) => {
    await withRawOrigin(
      (peer) => void peer.socket.pause(),
      async (proxy) => {
        const peer = (await dialed(proxy.port)).send(`PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: ${999 * MB}\r\n\r\n`)
        const piece = Buffer.alloc(MB, 'u')
        let answered = false
        void peer.until('\r\n\r\n').then(() => {
          answered = true
        })
        let sent = 0
        while (!answered && sent < 200) {
          sent++
          if (peer.socket.write(piece)) continue
          await Promise.race([once(peer.socket, 'drain'), peer.until('\r\n\r\n')])
        }
        t.match(peer.received, /^HTTP\/1\.1 504 /)
        t.ok(sent < 100, `${sent} MB left the client`)
        const [forward] = proxy.forwards()
        t.match(forward!.failure, { type: 'connection_write_timeout', stage: 'request', manner: 'timeout' })
        peer.socket.destroy()
      },
      { timeouts: { read: '60s', send: '200ms' } },
    )
  })

  await t.test('connecting, and shaking hands', async (t) => {
    const deaf = await deafAddress()
    const proxy = await proxyTo([deaf.port], { timeouts: { connect: '80ms' } })
    t.match(await good(proxy.port), /^HTTP\/1\.1 504 /)
    t.match(proxy.forwards()[0]!.failure, { type: 'connection_timeout', stage: 'connect' })
    t.ok(proxy.forwards()[0]!.ms >= 79)
    await proxy.close()
    await deaf.close()
    const fault = { id: 'hello', on: 'app', at: 'client_hello', effect: 'stall' }
    await withRig(lone({ tls: true }, { timeouts: { connect: '80ms' } }, [fault]), async (lab) => {
      t.match(await good(portOf(lab, 'lb')), /^HTTP\/1\.1 504 /)
      t.match(forwardsIn(lab.journal)[0]!.failure, { type: 'connection_timeout', stage: 'tls' })
    })
  })

  await t.test('a client that is slow to send is not the upstream being slow', async (t) => {
    await withRig(lone({}, { timeouts: short }), async (lab) => {
      const peer = await dialed(portOf(lab, 'lb'))
      peer.send('PUT / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 6\r\n\r\nab')
      for (const part of ['cd', 'ef']) {
        await new Promise((resolve) => setTimeout(resolve, 300))
        peer.send(part)
      }
      t.equal(await peer.ended(), 'FIN')
      t.match(peer.received, /^HTTP\/1\.1 200 /)
      t.equal(lab.attemptsAt('app')[0]!.request_bytes, 6)
      peer.socket.destroy()
    })
  })

  await t.test('a client that is slow to read is not the upstream being slow', async (t) => {
    await withRig(lone({ response: { size: '32MB' } }, { timeouts: short }), async (lab) => {
      const socket = connect(portOf(lab, 'lb'), '127.0.0.1')
      socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
      await once(socket, 'readable')
      await new Promise((resolve) => setTimeout(resolve, 400))
      socket.resume()
      await once(socket, 'end')
      t.ok(socket.bytesRead > 32 * MB)
      const [forward] = forwardsIn(lab.journal)
      t.equal(forward!.failure, undefined)
      t.equal(forward!.cut, undefined)
    })
  })
})
