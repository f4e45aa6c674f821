/** Who leaves in the middle: clients and origins that go away while the mini proxy is at work for them. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'
import t from 'tap'
import {
  deafAddress,
  dialed,
  forwardsIn,
  lone,
  MB,
  Peer,
  portOf,
  proxyTo,
  turn,
  until,
  withRawOrigin,
  withRig,
} from './peers.js'

const TEXT = 'a'.repeat(100)

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
        for (const asked of [
          'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
          'PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc',
        ]) {
          await lab.reset()
          const peer = (await dialed(portOf(lab, 'lb'))).send(asked)
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
        }
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
    const dialling = () => process.getActiveResourcesInfo().some((name) => name.includes('Connect'))
    const deaf = await deafAddress()
    const proxy = await proxyTo([deaf.port])
    const peer = (await dialed(proxy.port)).send('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await until(() => dialling())
    peer.socket.end()
    await until(() => proxy.forwards().length === 1)
    await until(() => !dialling())
    t.equal(proxy.forwards()[0]!.client_left, true)
    peer.socket.destroy()

    const waiting = (await dialed(proxy.port)).send('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await until(() => dialling())
    await proxy.close()
    await until(() => !dialling())
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

t.test('clients that leave at any moment harm nobody but themselves', async (t) => {
  for (const tls of [false, true]) {
    await withRig(lone({ response: { size: '300KB' } }, { tls }), async (lab) => {
      const requests = [
        'GET /a HTTP/1.1\r\nHost: x\r\n\r\n',
        'GET /b HTTP/1.1\r\nHost: x\r\n\r\nGET /c HTTP/1.1\r\nHost: x\r\n\r\n',
        `PUT /d HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n${'u'.repeat(200_000)}`,
        `POST /e HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2710\r\n${'u'.repeat(10_000)}\r\n0\r\n\r\n`,
      ]
      const leave = async (n: number) => {
        const bytes = requests[n % requests.length]!
        const options = { port: portOf(lab, 'lb'), host: '127.0.0.1', servername: 'lb', ca: lab.ca }
        const socket = tls ? connectTls(options) : connect(options)
        socket.on('error', () => {})
        await Promise.race([once(socket, tls ? 'secureConnect' : 'connect'), once(socket, 'close')])
        socket.write(bytes.slice(0, 1 + ((n * 7919) % bytes.length)), 'latin1')
        for (let turns = n % 13; turns > 0; turns--) await turn()
        // Not both: an RST behind a FIN is an error of libuv's, and its handle stays.
        if (n % 3 === 0) socket.end()
        socket.resume()
        for (let turns = n % 5; turns > 0; turns--) await turn()
        if (n % 3 === 1 && !tls) socket.resetAndDestroy()
        else socket.destroy()
      }
      for (let n = 0; n < 240; n += 20) await Promise.all(Array.from({ length: 20 }, (_, k) => leave(n + k)))
      // As many events as requests were begun, and every one has ended.
      const seen = () => lab.attemptsAt('app').length
      const tried = () => forwardsIn(lab.journal).reduce((sum, { tries }) => sum + tries.length, 0)
      const asked = new Peer(
        tls ? connectTls({ port: portOf(lab, 'lb'), servername: 'lb', ca: lab.ca }) : connect(portOf(lab, 'lb')),
      )
      asked.send('GET /good HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
      t.equal(await asked.ended(), 'FIN')
      t.match(asked.received, /^HTTP\/1\.1 200 /)
      t.equal(asked.body.length, 300 * 1024)
      asked.socket.destroy()
      t.ok(seen() <= tried(), `${seen()} seen, ${tried()} tried`)
      t.ok(seen() > 50)
    })
  }
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
      const [forward] = proxy.forwards()
      t.equal(forward!.tries.length, 1)
      peer.socket.destroy()
    })
  }
})
