/** The mini proxy while a response or an upload flows: nothing is kept, and nothing that was cut is completed. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { reset } from '../../src/live/wire.js'
import {
  answering,
  dialed,
  exchange,
  forwardsIn,
  good,
  lone,
  MB,
  Peer,
  portOf,
  turn,
  until,
  withRawOrigin,
  withRig,
} from './peers.js'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/**
 * Bytes in buffers that somebody still holds. What was dropped is swept by a thread of its own, which a busy machine
 * may keep waiting: more than `expected` is looked at again, several times, before it is believed.
 */
async function bytesHeld(expected = Number.POSITIVE_INFINITY): Promise<number> {
  let held = Number.POSITIVE_INFINITY
  for (let look = 0; look < 3 || (look < 50 && held > expected); look++) {
    collectGarbage()
    await turn()
    held = Math.min(held, process.memoryUsage().arrayBuffers)
  }
  return held
}

t.test(
  'a large response streams: a slow reader slows the origin down, and nothing piles up between them',
  async (t) => {
    for (const [framing, size] of Object.entries({ 'content-length': 40, chunked: 16, close: 16 })) {
      await withRig(lone({ response: { size: `${size}MB`, framing } }), async (lab) => {
        const before = await bytesHeld()
        const socket = connect(portOf(lab, 'lb'), '127.0.0.1')
        socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
        let most = 0
        let sampled = 0
        for await (const _chunk of socket) {
          for (let i = 0; i < 3; i++) await turn()
          if (socket.bytesRead - sampled < 4 * MB) continue
          sampled = socket.bytesRead
          most = Math.max(most, (await bytesHeld(before + 8 * MB)) - before)
        }
        t.ok(socket.bytesRead > size * MB, framing)
        t.ok(most < 8 * MB, `${framing}: at most ${most} bytes held`)
        await until(() => forwardsIn(lab.journal).length === 1)
        t.equal(forwardsIn(lab.journal)[0]!.tries[0]!.response_bytes, size * MB)
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

t.test('the end of an origin may come while its last bytes wait for a slow client', async (t) => {
  // Where the last bytes fall, and whether they fill the buffer, depends on the size: some of these do.
  for (let size = 6 * MB; size < 6.5 * MB; size += 17_000) {
    await withRig(lone({ response: { size: `${size}B`, framing: 'close' } }), async (lab) => {
      const socket = connect(portOf(lab, 'lb'), '127.0.0.1')
      socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
      for await (const _chunk of socket) await turn()
      await until(() => forwardsIn(lab.journal).length === 1)
      const [forward] = forwardsIn(lab.journal)
      t.same([forward!.failure, forward!.tries[0]!.response_bytes], [undefined, size])
    })
  }
})

t.test('a large upload streams, by length and in chunks', async (t) => {
  await withRig(lone(), async (lab) => {
    const piece = Buffer.alloc(MB, 'u')
    const framed = Buffer.concat([Buffer.from(`${MB.toString(16)}\r\n`), piece, Buffer.from('\r\n')])
    for (const [id, field, bytes, end] of [
      ['length', `Content-Length: ${24 * MB}`, piece, ''],
      ['chunks', 'Transfer-Encoding: chunked', framed, '0\r\n\r\n'],
    ] as const) {
      const before = await bytesHeld()
      const peer = await dialed(portOf(lab, 'lb'))
      peer.send(`POST / HTTP/1.1\r\nHost: x\r\nX-Request-Id: ${id}\r\nConnection: close\r\n${field}\r\n\r\n`)
      let most = 0
      for (let sent = 1; sent <= 24; sent++) {
        if (!peer.socket.write(bytes)) await once(peer.socket, 'drain')
        if (sent % 8 === 0) most = Math.max(most, (await bytesHeld(before + 8 * MB)) - before)
      }
      peer.send(end)
      t.equal(await peer.ended(), 'FIN')
      t.match(peer.received, /^HTTP\/1\.1 200 /)
      t.ok(most < 8 * MB, `${id}: at most ${most} bytes held`)
      t.equal(lab.attemptsAt('app', { requestId: id })[0]!.request_bytes, 24 * MB)
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

/** The text of a body in chunks, the last one cut or not; the sample's text holds nothing of a size. */
const unchunked = (body: string): string => body.replace(/[0-9a-f]+\r\n|[0-9a-f]*\r?$|\r\n/g, '')

t.test('cut behind any byte of it, a response is never completed and never invented', async (t) => {
  const framings = {
    length: 'Content-Length: 12\r\n\r\nhullo north!',
    chunks: 'Transfer-Encoding: chunked\r\n\r\n5\r\nhullo\r\n7\r\n north!\r\n0\r\n\r\n',
  }
  for (const [name, rest] of Object.entries(framings)) {
    const whole = `HTTP/1.1 200 OK\r\n${rest}`
    const headEnd = whole.indexOf('\r\n\r\n') + 4
    for (const how of ['FIN', 'RST'] as const) {
      const serve = async (peer: Peer) => {
        await peer.until('\r\n\r\n')
        const bytes = Number(/^GET \/(\d+) /.exec(peer.received)![1])
        peer.socket.write(whole.slice(0, bytes), () => void (how === 'RST' ? reset(peer.socket) : peer.socket.end()))
      }
      await withRawOrigin(serve, async (proxy) => {
        const get = async (bytes: number) => ({ bytes, text: await good(proxy.port, `/${bytes}`) })
        for (const { bytes, text } of await Promise.all(Array.from({ length: whole.length }, (_, n) => get(n)))) {
          const what = `${name}, ${how} behind ${bytes}`
          if (bytes < headEnd) {
            t.match(text, /^HTTP\/1\.1 502 .*\r\nX-Proxy-Error: upstream_(reset|closed|incomplete_response)\r\n/s, what)
            continue
          }
          const body = text.slice(text.indexOf('\r\n\r\n') + 4)
          t.match(text, /^HTTP\/1\.1 200 OK\r\n/, what)
          const sent = whole.slice(headEnd, bytes)
          if (name === 'length') t.equal(body, sent, what)
          else t.equal(unchunked(body), unchunked(sent), what)
          t.notOk(body.includes('0\r\n\r\n'), what)
        }
        t.ok(proxy.forwards().every(({ failure, tries }) => failure && tries.length === 1))
      })
    }
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
        // What a reader that pauses has in its own buffer by then it is never told.
        bytes += socket.readableLength
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
    const serve = (peer: Peer, ordinal: number) =>
      answering(`HTTP/1.1 200 OK\r\n${ordinal === 1 ? head : 'Content-Length: 2\r\n'}\r\nok`)(peer)
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
      await until(() => from.closed)
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
