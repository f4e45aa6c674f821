/** Who is late: the mini proxy between clients and origins that do not wait for each other. */
import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import type { RigInput } from '../../src/rig.js'
import {
  deafAddress,
  dialed,
  exchange,
  forwardsIn,
  good,
  lone,
  MB,
  type Peer,
  portOf,
  proxyTo,
  turn,
  until,
  withRawOrigin,
  withRig,
} from './peers.js'

const TEXT = 'a'.repeat(100)

t.test('what has come while the process was busy is not late', async (t) => {
  const serve = async (peer: Peer) => {
    await peer.until('\r\n\r\n')
    // Right before the loop looks at its timers.
    await turn()
    peer.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    for (const end = performance.now() + 300; performance.now() < end; );
  }
  await withRawOrigin(
    serve,
    async (proxy) => {
      t.match(await good(proxy.port), /ok$/)
      t.equal(proxy.forwards()[0]!.failure, undefined)
    },
    { timeouts: { read: '100ms' } },
  )
})

t.test('nor is what is still on its way between the hops of one process', async (t) => {
  const timeouts = { connect: '100ms', read: '100ms' }
  const busy = () => {
    for (const end = performance.now() + 300; performance.now() < end; );
  }
  for (const [moment, tls] of Object.entries({ connection: false, served: false, hello: true })) {
    const hops: RigInput['hops'] = {
      app: { kind: 'origin', tls },
      fw: { kind: 'waf', to: 'app' },
      lb: { kind: 'proxy', to: ['fw'], timeouts },
      before: { kind: 'proxy', to: ['fw'] },
    }
    await withRig({ hops }, async (lab) => {
      // Certificates are made at first use, by another thread.
      await good(portOf(lab, 'before'))
      const start = lab.journal.length
      const answer = good(portOf(lab, 'lb'))
      await until(() => lab.journal.slice(start).some(({ event }) => event === moment))
      busy()
      t.match(await answer, /^HTTP\/1\.1 200 /, moment)
    })
  }
})

t.test('timeouts are about the one who is late', async (t) => {
  t.jobs = 6
  const short = { read: '250ms', send: '250ms' }

  void t.test('reading the head, reading the body', { buffered: true }, async (t) => {
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
        t.ok(ms >= 249, path)
        t.equal(cut, status === 200 ? true : undefined)
        if (path === '/body') t.ok(peer.received.endsWith(`\r\n\r\n${'a'.repeat(17)}`))
      }
    })
  })

  void t.test('reading, on a connection that has been idle for longer than that', { buffered: true }, async (t) => {
    const fault = { id: 'stall', on: 'app', at: 'request_head', effect: 'stall', match: { path: '/stall' } }
    await withRig(lone({}, { timeouts: { read: '150ms' } }, [fault]), async (lab) => {
      for (const round of [1, 2]) {
        await good(portOf(lab, 'lb'))
        await new Promise((resolve) => setTimeout(resolve, 350))
        t.match(await good(portOf(lab, 'lb')), /^HTTP\/1\.1 200 /)
        await new Promise((resolve) => setTimeout(resolve, 350))
        t.match(await good(portOf(lab, 'lb'), '/stall'), /^HTTP\/1\.1 504 /, `round ${round}`)
        t.equal(forwardsIn(lab.journal).at(-1)!.tries[0]!.reused, true)
      }
    })
  })

  void t.test('sending, and the client is not read from any faster', { buffered: true }, async (t) => {
    await withRawOrigin(
      (peer) => void peer.socket.pause(),
      async (proxy) => {
        const peer = (await dialed(proxy.port)).send(`PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: ${999 * MB}\r\n\r\n`)
        const piece = Buffer.alloc(MB, 'u')
        let sent = 0
        for (; proxy.forwards().length === 0 && sent < 200; sent++) {
          if (!peer.socket.write(piece)) await Promise.race([once(peer.socket, 'drain'), peer.until('\r\n\r\n')])
        }
        await peer.until('\r\n\r\n')
        t.match(peer.received, /^HTTP\/1\.1 504 /)
        t.ok(sent < 100, `${sent} MB left the client`)
        const [forward] = proxy.forwards()
        t.match(forward!.failure, { type: 'connection_write_timeout', stage: 'request', manner: 'timeout' })
        peer.socket.destroy()
      },
      { timeouts: { read: '60s', send: '200ms' } },
    )
  })

  void t.test('connecting, and shaking hands', { buffered: true }, async (t) => {
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

  void t.test('a client that is slow to send is not the upstream being slow', { buffered: true }, async (t) => {
    await withRig(lone({}, { timeouts: short }), async (lab) => {
      const peer = await dialed(portOf(lab, 'lb'))
      peer.send('PUT / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 6\r\n\r\nab')
      for (const part of ['cd', 'ef']) {
        await new Promise((resolve) => setTimeout(resolve, 600))
        peer.send(part)
      }
      t.equal(await peer.ended(), 'FIN')
      t.match(peer.received, /^HTTP\/1\.1 200 /)
      t.equal(lab.attemptsAt('app')[0]!.request_bytes, 6)
      peer.socket.destroy()
    })
  })

  void t.test('a client that is slow to read is not the upstream being slow', { buffered: true }, async (t) => {
    await withRig(lone({ response: { size: '32MB' } }, { timeouts: short }), async (lab) => {
      const socket = connect(portOf(lab, 'lb'), '127.0.0.1')
      socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
      await once(socket, 'readable')
      await new Promise((resolve) => setTimeout(resolve, 800))
      socket.resume()
      await once(socket, 'end')
      t.ok(socket.bytesRead > 32 * MB)
      const [forward] = forwardsIn(lab.journal)
      t.equal(forward!.failure, undefined)
      t.equal(forward!.cut, undefined)
    })
  })
})

t.test('a client that takes nothing of its response is hung up on; one that takes little is not', async (t) => {
  const input = lone({ response: { size: '32MB' } }, { timeouts: { reply: '500ms' } })
  await withRig(input, async (lab) => {
    const peer = (await dialed(portOf(lab, 'lb'))).send('GET /never HTTP/1.1\r\nHost: x\r\n\r\n')
    await peer.stopAt('\r\n\r\n')
    await until(() => forwardsIn(lab.journal).length === 1)
    const [forward] = forwardsIn(lab.journal)
    t.match(forward, { status: 200, client_left: true, failure: undefined })
    t.ok(forward!.ms >= 450)
    await until(() => lab.attemptsAt('app').length === 1)
    t.equal(lab.attemptsAt('app')[0]!.outcome, 'aborted', 'and its request upstream is ended')
    const lines = lab.journal.flatMap((event) => (event.event === 'log' ? [event.line] : []))
    t.match(lines, [/^client timed out \(110: Connection timed out\) while sending to client, client: /])
    peer.socket.destroy()

    const slow = connect(portOf(lab, 'lb'), '127.0.0.1')
    slow.write('GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    let next = 4 * MB
    for await (const _chunk of slow) {
      if (slow.bytesRead < next) continue
      next += 4 * MB
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    t.ok(slow.bytesRead > 32 * MB)
    await until(() => forwardsIn(lab.journal).length === 2)
    t.equal(forwardsIn(lab.journal)[1]!.client_left, undefined)
  })
})
