/** What a client should not send: it is refused, nothing of it reaches an origin, and the proxy goes on. */
import { once } from 'node:events'
import t, { type Test } from 'tap'
import type { Rig, RigInput } from '../../src/rig.js'
import { HOSTS, NO_HOSTS } from './hosts.js'
import {
  dialed,
  exchange,
  forwardsIn,
  good,
  lone,
  MB,
  type Peer,
  portOf,
  until,
  withRawOrigin,
  withRig,
} from './peers.js'

/** Must never be seen by an origin. */
const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n'

/** The head of a request with these lines. */
const head = (line: string, ...fields: string[]) => [line, ...fields, '', ''].join('\r\n')
const chunked = (...fields: string[]) => head('POST /bad HTTP/1.1', 'Host: x', 'Transfer-Encoding: chunked', ...fields)

/** Refused for its head: no try is made. The status is 400 unless another one is given. */
const BAD_HEADS: Record<string, string | [bytes: string, status: number]> = {
  'length and chunks': `${head('POST /bad HTTP/1.1', 'Host: x', 'Content-Length: 6', 'Transfer-Encoding: chunked')}0\r\n\r\n${SMUGGLED}`,
  'chunks and length': `${chunked('Content-Length: 6')}0\r\n\r\n${SMUGGLED}`,
  'two lengths': `${head('POST /bad HTTP/1.1', 'Host: x', 'Content-Length: 3', 'Content-Length: 40')}abc${SMUGGLED}`,
  'one length twice': `${head('POST /bad HTTP/1.1', 'Host: x', 'Content-Length: 3', 'Content-Length: 3')}abc${SMUGGLED}`,
  'a list of lengths': `${head('POST /bad HTTP/1.1', 'Host: x', 'Content-Length: 3, 3')}abc${SMUGGLED}`,
  'a negative length': head('POST /bad HTTP/1.1', 'Host: x', 'Content-Length: -3') + SMUGGLED,
  'a length with a sign': `${head('POST /bad HTTP/1.1', 'Host: x', 'Content-Length: +3')}abc${SMUGGLED}`,
  'a length out of bounds': head('POST /bad HTTP/1.1', 'Host: x', 'Content-Length: 99999999999999999999') + SMUGGLED,
  'a folded coding': `${head('POST /bad HTTP/1.1', 'Host: x', 'Transfer-Encoding:', ' chunked')}0\r\n\r\n${SMUGGLED}`,
  'a coding that looks like chunked': `${head('POST /bad HTTP/1.1', 'Host: x', 'Transfer-Encoding: xchunked')}0\r\n\r\n${SMUGGLED}`,
  'a coding before chunked': `${head('POST /bad HTTP/1.1', 'Host: x', 'Transfer-Encoding: gzip, chunked')}0\r\n\r\n${SMUGGLED}`,
  'a coding behind chunked': `${head('POST /bad HTTP/1.1', 'Host: x', 'Transfer-Encoding: chunked, gzip')}0\r\n\r\n${SMUGGLED}`,
  'chunked twice': `${chunked('Transfer-Encoding: chunked')}0\r\n\r\n${SMUGGLED}`,
  identity: head('POST /bad HTTP/1.1', 'Host: x', 'Transfer-Encoding: identity') + SMUGGLED,
  'a folded field': head('GET /bad HTTP/1.1', 'Host: x', 'X-A: a', ' b'),
  'a space before the colon': head('POST /bad HTTP/1.1', 'Host: x', 'Content-Length : 40') + SMUGGLED,
  'bare LF': head('GET /bad HTTP/1.1', 'Host: x').replaceAll('\r', ''),
  'one bare LF': head('GET /bad HTTP/1.1', 'Host: x\nX-A: b'),
  'a bare CR': head('GET /bad HTTP/1.1', 'Host: x\rX-A: b'),
  'NUL in a value': head('GET /bad HTTP/1.1', 'Host: x', 'X-A: a\0b'),
  'NUL in a name': head('GET /bad HTTP/1.1', 'Host: x', 'X\0A: b'),
  'NUL in the target': head('GET /ba\0d HTTP/1.1', 'Host: x'),
  'a head of 64 KB': [head('GET /bad HTTP/1.1', 'Host: x', `X-A: ${'a'.repeat(65536)}`), 431],
  'a target of 64 KB': [head(`GET /bad${'a'.repeat(65536)} HTTP/1.1`, 'Host: x'), 431],
  'many fields': [head('GET /bad HTTP/1.1', 'Host: x', ...Array.from({ length: 3000 }, (_, n) => `X-${n}: a`)), 431],
  garbage: 'blah blah blah\r\n\r\n',
  'a ClientHello': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  'the preface of HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'an unknown method': head('BREW /bad HTTP/1.1', 'Host: x'),
  'a method in lower case': head('get /bad HTTP/1.1', 'Host: x'),
  'HTTP/0.9': 'GET /bad\r\n\r\n',
  'HTTP/2.0 as text': head('GET /bad HTTP/2.0', 'Host: x'),
  'HTTP/1.2': head('GET /bad HTTP/1.2', 'Host: x'),
  'no Host': head('GET /bad HTTP/1.1'),
  'two Hosts': head('GET /bad HTTP/1.1', 'Host: x', 'host: y'),
  ...Object.fromEntries(NO_HOSTS.map((host) => [`Host: ${host}`, head('GET /bad HTTP/1.1', `Host: ${host}`)])),
  'an authority that is none': head('GET http://a"b/bad HTTP/1.1', 'Host: x'),
  'OPTIONS *': head('OPTIONS * HTTP/1.1', 'Host: x'),
  'a target without a slash': head('GET bad HTTP/1.1', 'Host: x'),
  'a target of another scheme': head('GET ftp://x/bad HTTP/1.1', 'Host: x'),
  'a space in the target': head('GET /ba d HTTP/1.1', 'Host: x'),
  'dots that lead up': head('GET /a/../bad HTTP/1.1', 'Host: x'),
  'encoded dots that lead up': head('GET /a/%2e%2E/bad HTTP/1.1', 'Host: x'),
  backslashes: head('GET /a/..\\bad HTTP/1.1', 'Host: x'),
  'another host in the path': head('GET //elsewhere/bad HTTP/1.1', 'Host: x'),
  'half a percent sign': head('GET /bad%z HTTP/1.1', 'Host: x'),
  'a percent sign that is no text': head('GET /bad%ff HTTP/1.1', 'Host: x'),
  'an expectation of its own': [
    head('POST /bad HTTP/1.1', 'Host: x', 'Expect: a miracle', 'Content-Length: 40') + SMUGGLED,
    417,
  ],
}

/** Refused for what follows a good head: the try that was begun is given up. */
const BAD_BODIES: Record<string, string> = {
  'a chunk size of letters': `${chunked()}zz\r\nabc\r\n0\r\n\r\n${SMUGGLED}`,
  'a negative chunk size': `${chunked()}-1\r\nabc\r\n0\r\n\r\n${SMUGGLED}`,
  'a chunk size out of bounds': `${chunked()}fffffffffffffffff\r\nabc\r\n0\r\n\r\n${SMUGGLED}`,
  'a chunk size in hexadecimal as in C': `${chunked()}0x3\r\nabc\r\n0\r\n\r\n${SMUGGLED}`,
  'a chunk longer than its size': `${chunked()}2\r\nabc\r\n0\r\n\r\n${SMUGGLED}`,
  'a chunk ended by LF': `${chunked()}3\nabc\r\n0\r\n\r\n${SMUGGLED}`,
}

/** Nothing of the kind was seen, and the next request is served. */
async function goesOn(t: Test, lab: Rig, name: string): Promise<void> {
  const seen = lab.attemptsAt('app').filter(({ path, outcome }) => path !== '/good' && outcome !== 'aborted')
  t.same(seen, [], `${name}: the origin saw nothing whole`)
  t.notOk(
    lab.attemptsAt('app').some(({ path }) => path === '/smuggled'),
    name,
  )
  t.match(await good(portOf(lab, 'lb')), /^HTTP\/1\.1 200 /, `${name}: the next one is served`)
}

const refused = (status: number) =>
  new RegExp(
    `^HTTP/1\\.1 ${status} [^\\r]+\\r\\nproxy-status: lb;error=http_request_error;details="[^"]+"\\r\\nx-proxy-error: client_request_refused\\r\\n`,
    'i',
  )

t.test('a bad head is refused with its 4xx, once, and no server hears of it', async (t) => {
  await withRig(lone(), async (lab) => {
    for (const [name, bad] of Object.entries(BAD_HEADS)) {
      await lab.reset()
      const [bytes, status] = typeof bad === 'string' ? [bad, 400] : bad
      const peer = await exchange(portOf(lab, 'lb'), bytes)
      t.match(peer.received, refused(status), name)
      t.equal(peer.received.split('HTTP/1.1 ').length, 2, `${name}: one answer`)
      const [forward, ...more] = forwardsIn(lab.journal)
      t.match(forward, { status, tries: [], failure: { type: 'http_request_error' } }, name)
      t.same(more, [], name)
      await goesOn(t, lab, name)
    }
  })
})

t.test('a bad body is refused with its 4xx, and the request that was begun is given up', async (t) => {
  await withRig(lone(), async (lab) => {
    for (const [name, bytes] of Object.entries(BAD_BODIES)) {
      await lab.reset()
      const peer = await exchange(portOf(lab, 'lb'), bytes)
      t.match(peer.received, refused(400), name)
      t.equal(peer.received.split('HTTP/1.1 ').length, 2, `${name}: one answer`)
      const [forward, ...more] = forwardsIn(lab.journal)
      t.match(forward, { status: 400, method: 'POST', path: '/bad', failure: { type: 'http_request_error' } }, name)
      t.equal(forward!.client_left, undefined, `${name}: one event, and it says why`)
      t.same(more, [], name)
      await goesOn(t, lab, name)
    }
  })
})

t.test('what is odd but clear is passed on', async (t) => {
  const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok'
  const serve = async (peer: Peer) => {
    await peer.until(/\r\n\r\n(.*\r\n0\r\n\r\n)?/s)
    peer.send(answer)
  }
  const odd: Record<string, [bytes: string, line: string, host: string]> = {
    'the absolute form': [
      head('GET http://shop.example:81/a?b HTTP/1.1', 'Host: other'),
      'GET /a?b',
      'shop.example:81',
    ],
    'the absolute form, no path': [
      head('GET http://user:pw@shop.example?b HTTP/1.1', 'Host: other'),
      'GET /?b',
      'shop.example',
    ],
    'the absolute form, no Host': [head('GET HTTP://shop.example/ HTTP/1.1'), 'GET /', 'shop.example'],
    'HTTP/1.0 without Host': [head('GET /a HTTP/1.0'), 'GET /a', '127.0.0.1:'],
    'no value in Host': [head('GET /a HTTP/1.1', 'Host:'), 'GET /a', ''],
    ...Object.fromEntries(
      HOSTS.map((host) => [`Host: ${host}`, [head('GET /a HTTP/1.1', `Host: ${host}`), 'GET /a', host]]),
    ),
    'another Host than that of the absolute form': [
      head('GET http://shop.example/ HTTP/1.1', 'Host: a b'),
      'GET /',
      'shop.example',
    ],
    'percent signs in the query': [head('GET /a?b=%zz&c=../d HTTP/1.1', 'Host: x'), 'GET /a?b=%zz&c=../d', 'x'],
    'a long path': [head(`GET /${'a'.repeat(12_000)} HTTP/1.1`, 'Host: x'), `GET /${'a'.repeat(12_000)}`, 'x'],
    'a content type that is none': [
      `${head('POST /a HTTP/1.1', 'Host: x', 'Content-Type: ;;', 'Content-Length: 1')}a`,
      'POST /a',
      'x',
    ],
    'QUERY without a content type': [`${head('QUERY /a HTTP/1.1', 'Host: x', 'Content-Length: 1')}a`, 'QUERY /a', 'x'],
    'a version wanted': [head('GET /a HTTP/1.1', 'Host: x', 'Accept-Version: 9'), 'GET /a', 'x'],
    'an upgrade nobody offers': [
      head('GET /a HTTP/1.1', 'Host: x', 'Connection: Upgrade', 'Upgrade: x'),
      'GET /a',
      'x',
    ],
    'a body of GET': [
      `${head('GET /a HTTP/1.1', 'Host: x', `Content-Length: ${SMUGGLED.length}`)}${SMUGGLED}`,
      'GET /a',
      'x',
    ],
    'empty lines before it': [`\r\n\r\n${head('GET /a HTTP/1.1', 'Host: x')}`, 'GET /a', 'x'],
  }
  for (const [name, [bytes, line, host]] of Object.entries(odd)) {
    await withRawOrigin(serve, async (proxy, origin) => {
      const client = (await dialed(proxy.port)).send(bytes)
      await client.until(/ok$/)
      t.match(client.received, /^HTTP\/1\.1 200 /, name)
      const asked = origin.connections[0]!.received
      t.ok(asked.startsWith(`${line} HTTP/1.1\r\n`), name)
      t.ok(asked.includes(`\r\nhost: ${host}`), `${name}: ${host}`)
      client.socket.destroy()
    })
  }
})

t.test('CONNECT is refused, behind what was asked before it, and nothing is read as a request behind it', async (t) => {
  await withRig(lone(), async (lab) => {
    const connect = head('CONNECT elsewhere:443 HTTP/1.1', 'Host: elsewhere:443', 'X-Request-Id: tunnel')
    const good = head('GET /good HTTP/1.1', 'Host: x')
    const peer = await exchange(portOf(lab, 'lb'), good + good + connect + SMUGGLED)
    const answers = peer.received.split('HTTP/1.1 ').slice(1)
    t.same(
      answers.map((answer) => Number(answer.slice(0, 3))),
      [200, 200, 405],
    )
    t.match(answers[2], '\r\nAllow: \r\n')
    t.equal(await peer.ended(), 'FIN')
    t.match(forwardsIn(lab.journal).at(-1), {
      request: 'tunnel',
      method: 'CONNECT',
      path: 'elsewhere:443',
      status: 405,
      tries: [],
      failure: { type: 'http_request_error' },
    })
    await goesOn(t, lab, 'CONNECT')
  })
})

t.test('pipelined requests are answered in order, the bad one last', async (t) => {
  const get = (path: string) => head(`GET ${path} HTTP/1.1`, 'Host: x')
  await withRig(lone(), async (lab) => {
    const many = Array.from({ length: 30 }, (_, n) => get(`/good?${n}`)).join('')
    for (const [bad, status] of [
      [get('/a/../bad'), 400],
      ['blah\r\n\r\n', 400],
      [`${chunked()}zz\r\n`, 400],
    ] as const) {
      await lab.reset()
      const peer = await exchange(portOf(lab, 'lb'), many + bad + SMUGGLED)
      const answers = peer.received.split('HTTP/1.1 ').slice(1)
      t.same(
        answers.map((answer) => Number(answer.slice(0, 3))),
        [...Array<number>(30).fill(200), status],
      )
      t.equal(lab.attemptsAt('app').length, 30)
      t.notOk(lab.attemptsAt('app').some(({ path }) => path === '/smuggled'))
    }
  })
})

t.test('a client that is too slow gets 408, and is hung up on', async (t) => {
  const input: RigInput = {
    hops: { app: { kind: 'origin' }, lb: { kind: 'proxy', to: ['app'], timeouts: { client: '600ms' } } },
  }
  await withRig(input, async (lab) => {
    for (const [name, bytes, path] of [
      ['no head', '', ''],
      ['half a head', 'GET /bad HTTP/1.1\r\nHost: x\r\n', ''],
      ['half a body', `${head('PUT /bad HTTP/1.1', 'Host: x', 'Content-Length: 10')}abc`, '/bad'],
      ['half a chunk', `${chunked()}a\r\nabc`, '/bad'],
    ] as const) {
      await lab.reset()
      const peer = await exchange(portOf(lab, 'lb'), bytes)
      t.match(peer.received, refused(408), name)
      const [forward, ...more] = forwardsIn(lab.journal)
      t.match(forward, { status: 408, path, failure: { type: 'http_request_error' } }, name)
      t.same(more, [], name)
      if (path) await until(() => lab.attemptsAt('app').length === 1)
      t.same(
        lab.attemptsAt('app').map(({ outcome }) => outcome),
        path ? ['aborted'] : [],
        name,
      )
    }
  })
})

t.test('a client that leaves in the middle of its head harms nobody', async (t) => {
  await withRig(lone(), async (lab) => {
    for (const bytes of ['', 'G', 'GET /bad HTTP/1.1\r\nHos', `${chunked()}3\r\na`]) {
      for (const leave of ['end', 'resetAndDestroy'] as const) {
        const peer = (await dialed(portOf(lab, 'lb'))).send(bytes)
        peer.socket[leave]()
        await peer.ended()
        peer.socket.destroy()
      }
    }
    await goesOn(t, lab, 'left')
  })
})

t.test('a client that is refused while it still sends gets to read why', async (t) => {
  await withRig(lone(), async (lab) => {
    for (const [bytes, status] of [
      [`GET /bad HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(16 * MB)}`, 431],
      [`${chunked()}zz\r\n${'a'.repeat(16 * MB)}`, 400],
    ] as const) {
      const peer = (await dialed(portOf(lab, 'lb'))).send(bytes)
      t.equal(await peer.ended(), 'FIN')
      t.match(peer.received, refused(status))
      const [hadError] = await once(peer.socket.end(), 'close')
      t.equal(hadError, false, 'FIN for FIN, no RST for what came late')
    }
    await goesOn(t, lab, 'sending')
  })
})
