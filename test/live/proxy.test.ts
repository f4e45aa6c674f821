/** The mini proxy between well-behaved peers and failing upstreams: what is sent how often, and what is passed on. */
import t from 'tap'
import type { RigInput } from '../../src/rig.js'
import {
  answering,
  dialed,
  type Ended,
  exchange,
  forwardsIn,
  good,
  lone,
  type Peer,
  portOf,
  statusOf,
  until,
  withRawOrigin,
  withRig,
} from './peers.js'

const METHODS = ['GET', 'POST', 'PUT', 'DELETE'] as const

/** A request on a connection of its own; POST and PUT carry three bytes. */
function request(method: string, path: string, id: string): string {
  const body = method === 'POST' || method === 'PUT' ? 'Content-Length: 3\r\n' : ''
  const head = `${method} ${path} HTTP/1.1\r\nHost: x\r\nX-Request-Id: ${id}\r\nConnection: close\r\n${body}\r\n`
  return body ? `${head}abc` : head
}

/** What goes wrong at an origin, by path; any other path is answered. */
const misfortunes = (on: string): NonNullable<RigInput['faults']> => [
  { id: `${on}-reset`, on, at: 'request_head', effect: 'reset', match: { path: '/reset' } },
  { id: `${on}-close`, on, at: 'request_head', effect: 'close', match: { path: '/close' } },
  { id: `${on}-stall`, on, at: 'request_head', effect: 'stall', match: { path: '/stall' } },
  {
    id: `${on}-half-head`,
    on,
    at: { type: 'response_head', after: '9B' },
    effect: 'reset',
    match: { path: '/half-head' },
  },
  { id: `${on}-cut`, on, at: { type: 'response_body', after: '2B' }, effect: 'reset', match: { path: '/cut' } },
  { id: `${on}-hang`, on, at: { type: 'response_body', after: '2B' }, effect: 'stall', match: { path: '/hang' } },
]

/** For what stalls alone: a machine that is busy for so long must not make another request late. */
const patience = { read: '600ms' }
/** A connection that had served before is given one more try, which is not to be counted on here. */
const unkept = { keepalive: { connections: 0 } }
const stalls = (path: string) => path === '/stall' || path === '/hang'

t.test('no hidden retries: with one upstream, one request is one request', async (t) => {
  const input: RigInput = {
    hops: {
      app: { kind: 'origin' },
      app500: { kind: 'origin', response: { status: 500 } },
      app503: { kind: 'origin', response: { status: 503, headers: { 'Retry-After': '0' } } },
      lb: { kind: 'proxy', to: ['app'], ...unkept },
      impatient: { kind: 'proxy', to: ['app'], timeouts: patience, ...unkept },
      lb500: { kind: 'proxy', to: ['app500'] },
      lb503: { kind: 'proxy', to: ['app503'] },
    },
    faults: misfortunes('app'),
  }
  const answers: [lb: string, app: string, path: string, status: number][] = [
    ['lb', 'app', '/', 200],
    ['lb500', 'app500', '/', 500],
    ['lb503', 'app503', '/', 503],
    ['lb', 'app', '/reset', 502],
    ['lb', 'app', '/close', 502],
    ['lb', 'app', '/half-head', 502],
    ['impatient', 'app', '/stall', 504],
    ['lb', 'app', '/cut', 200],
    ['impatient', 'app', '/hang', 200],
  ]
  await withRig(input, async (lab) => {
    const ask = async (lb: string, app: string, path: string, status: number, method: string) => {
      const id = `${method}${path}${status}`
      const { received } = await exchange(portOf(lab, lb), request(method, path, id))
      t.equal(statusOf(received), status, id)
      t.equal(lab.attemptsAt(app, { requestId: id }).length, 1, `${id}: seen once`)
      const forwards = forwardsIn(lab.journal).filter((event) => event.request === id)
      t.equal(forwards.length, 1, `${id}: journaled once`)
      t.equal(forwards[0]!.tries.length, 1, `${id}: one try`)
    }
    const late = answers.filter(([lb]) => lb === 'impatient')
    for (const answer of answers.filter(([lb]) => lb !== 'impatient')) {
      for (const method of METHODS) await ask(...answer, method)
    }
    await Promise.all(late.flatMap((answer) => METHODS.map((method) => ask(...answer, method))))
    const seen = ['app', 'app500', 'app503'].flatMap((app) => lab.attemptsAt(app))
    t.equal(seen.length, answers.length * METHODS.length, 'nothing else came to an origin')
    t.equal(forwardsIn(lab.journal).length, seen.length)
  })
})

t.test('no hidden retries: with two upstreams, the journal tells of every one', async (t) => {
  const kinds = { lb: {}, once: { tries: 1 }, off: { next_upstream: 'off' } }
  const proxies = Object.entries(kinds).flatMap(([name, options]) => [
    [name, { kind: 'proxy', to: ['a', 'b'], ...options, ...unkept }],
    [`${name}-impatient`, { kind: 'proxy', to: ['a', 'b'], ...options, timeouts: patience, ...unkept }],
  ])
  const input: RigInput = {
    hops: { a: { kind: 'origin' }, b: { kind: 'origin' }, ...Object.fromEntries(proxies) },
    faults: [...misfortunes('a'), ...misfortunes('b')],
  }
  /** What POST has done can't be taken back, and the body of a PUT has passed: it was streamed, not kept. */
  const tries = (lb: string, method: string, path: string): number => {
    if (lb !== 'lb' || method === 'POST' || method === 'PUT') return 1
    return ['/reset', '/close', '/half-head', '/stall'].includes(path) ? 2 : 1
  }
  await withRig(input, async (lab) => {
    const ask = async (lb: string, path: string, method: string) => {
      const id = `${lb}-${method}${path}`
      await exchange(portOf(lab, stalls(path) ? `${lb}-impatient` : lb), request(method, path, id))
      const seen = [...lab.attemptsAt('a', { requestId: id }), ...lab.attemptsAt('b', { requestId: id })]
      const [forward, ...more] = forwardsIn(lab.journal).filter((event) => event.request === id)
      t.equal(more.length, 0)
      t.equal(seen.length, tries(lb, method, path), id)
      t.equal(forward!.tries.length, seen.length, `${id}: as many tries as an origin saw`)
      t.equal(new Set(forward!.tries.map((one) => one.server)).size, seen.length, `${id}: each server once`)
    }
    const all = (paths: string[]) =>
      Object.keys(kinds).flatMap((lb) => paths.flatMap((path) => METHODS.map((method) => [lb, path, method] as const)))
    for (const one of all(['/', '/reset', '/close', '/half-head', '/cut'])) await ask(...one)
    await Promise.all(all(['/stall', '/hang']).map((one) => ask(...one)))
  })
})

t.test(
  'a request that no server can have seen moves on whatever its method; none is left, none is tried',
  async (t) => {
    const input: RigInput = {
      hops: { a: { kind: 'origin' }, b: { kind: 'origin' }, lb: { kind: 'proxy', to: ['a', 'b'] } },
      faults: [
        { id: 'a-down', on: 'a', at: 'connect', effect: 'refuse' },
        { id: 'b-down', on: 'b', at: 'connect', effect: 'refuse' },
      ],
    }
    await withRig(input, async (lab) => {
      await lab.fault('b-down').disarm()
      for (const method of METHODS) {
        for (const turn of [1, 2]) {
          const id = `${method}-${turn}`
          const { received } = await exchange(portOf(lab, 'lb'), request(method, '/', id))
          t.equal(statusOf(received), 200, id)
          t.equal(lab.attemptsAt('b', { requestId: id }).length, 1)
          const forward = forwardsIn(lab.journal).find((event) => event.request === id)!
          const reached = forward.tries.filter((one) => one.failure?.type !== 'connection_refused')
          t.equal(reached.length, 1, `${id}: one try reached a server`)
        }
      }
    })
    await withRig(input, async (lab) => {
      const { received } = await exchange(portOf(lab, 'lb'), request('GET', '/', 'last'))
      t.equal(statusOf(received), 502)
      t.match(received, /\r\nProxy-Status: lb;error=connection_refused;next-hop="127\.0\.0\.1:\d+"/)
      t.equal(forwardsIn(lab.journal)[0]!.tries.length, 2)
    })
  },
)

t.test('a request whose body was not touched is repeated with the whole body, an empty chunked one too', async (t) => {
  const input: RigInput = {
    hops: { a: { kind: 'origin' }, b: { kind: 'origin' }, lb: { kind: 'proxy', to: ['a', 'b'] } },
    faults: [
      { id: 'down', on: 'a', at: 'connect', effect: 'refuse' },
      { id: 'reset', on: 'b', at: 'request_head', effect: 'reset', match: { path: '/reset' } },
    ],
  }
  const chunked = (path: string, id: string, body: string) =>
    `PUT ${path} HTTP/1.1\r\nHost: x\r\nX-Request-Id: ${id}\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n${body}`
  await withRig(input, async (lab) => {
    for (const [id, body, bytes] of [
      ['full', '3\r\nabc\r\n0\r\n\r\n', 3],
      ['empty', '0\r\n\r\n', 0],
    ] as const) {
      for (const turn of [1, 2]) {
        const { received } = await exchange(portOf(lab, 'lb'), chunked('/', `${id}-${turn}`, body))
        t.equal(statusOf(received), 200, `${id}-${turn}`)
        t.equal(lab.attemptsAt('b', { requestId: `${id}-${turn}` })[0]!.request_bytes, bytes)
      }
    }
    await lab.fault('down').disarm()
    for (const turn of [1, 2]) {
      const { received } = await exchange(portOf(lab, 'lb'), chunked('/reset', `again-${turn}`, '0\r\n\r\n'))
      t.equal(statusOf(received), 200, 'the end of an empty body is seen again')
    }
    t.same(
      forwardsIn(lab.journal)
        .map((event) => event.tries.length)
        .slice(-2)
        .sort(),
      [1, 2],
    )
  })
})

t.test('requests one after the other share one upstream connection', async (t) => {
  const input: RigInput = { hops: { app: { kind: 'origin' }, lb: { kind: 'proxy', to: ['app'] } } }
  await withRig(input, async (lab) => {
    const peer = await dialed(portOf(lab, 'lb'))
    for (const n of [1, 2, 3, 4, 5]) {
      peer.send(`GET /${n} HTTP/1.1\r\nHost: x\r\n\r\n`)
      await peer.until('ok\n', n)
    }
    for (const n of [6, 7]) {
      const posted = await exchange(portOf(lab, 'lb'), request('POST', `/${n}`, 'p'))
      t.equal(statusOf(posted.received), 200)
    }
    t.equal(lab.facts.connections.get('app'), 1)
    t.same(
      forwardsIn(lab.journal).map((event) => event.tries[0]!.reused),
      [false, true, true, true, true, true, true],
    )
    peer.socket.destroy()
  })
})

t.test('an upstream connection that its response ends is not used again', async (t) => {
  for (const head of ['Connection: close\r\nContent-Length: 2\r\n', 'Connection: close\r\n']) {
    const serve = async (peer: Peer) => {
      await answering(`HTTP/1.1 200 OK\r\n${head}\r\nok`)(peer)
      peer.socket.end()
    }
    await withRawOrigin(serve, async (proxy, origin) => {
      const client = await dialed(proxy.port)
      for (const n of [1, 2, 3]) {
        client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
        await client.until('ok', n)
        await until(() => proxy.forwards().length === n)
      }
      client.socket.destroy()
      t.equal(origin.connections.length, 3, head)
      t.ok(proxy.forwards().every(({ status, failure }) => status === 200 && !failure))
    })
  }
})

t.test('an idle connection that the server has closed is not used again', async (t) => {
  for (const how of ['end', 'resetAndDestroy'] as const) {
    await withRawOrigin(answering('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'), async (proxy, origin) => {
      for (const n of [1, 2, 3]) {
        t.match(await good(proxy.port), /ok$/)
        const { socket } = origin.connections[n - 1]!
        socket[how]()
        await until(() => socket.closed || socket.readableEnded)
      }
      t.equal(origin.connections.length, 3)
      t.ok(proxy.forwards().every(({ status, tries }) => status === 200 && tries.length === 1))
    })
  }
})

t.test('bytes behind a response belong to nobody: the connection is not used again', async (t) => {
  const one = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
  await withRawOrigin(answering(`${one}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`), async (proxy, origin) => {
    const client = await dialed(proxy.port)
    for (const n of [1, 2]) {
      client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
      await client.until('ok', n)
    }
    t.notMatch(client.received, 'evil')
    t.equal(origin.connections.length, 2)
    client.socket.destroy()
  })
})

t.test('closing with requests in flight leaves nothing open and breaks nothing', async (t) => {
  const sockets = () => process.getActiveResourcesInfo().filter((name) => /^TCP|Connect/.test(name)).length
  await until(() => sockets() === 0)
  const input: RigInput = {
    hops: {
      app: { kind: 'origin', response: { size: '32MB' } },
      b: { kind: 'origin', response: { size: '32MB' } },
      secure: { kind: 'origin', tls: true },
      lb: { kind: 'proxy', to: ['app', 'b'] },
      tls: { kind: 'proxy', to: ['secure'] },
    },
    faults: [
      { id: 'stall', on: 'app', at: 'request_head', effect: 'stall', match: { path: '/stall' } },
      { id: 'stall-b', on: 'b', at: 'request_head', effect: 'stall', match: { path: '/stall' } },
      { id: 'hello', on: 'secure', at: 'client_hello', effect: 'stall' },
    ],
  }
  await withRig(input, async (lab) => {
    const port = portOf(lab, 'lb')
    const waiting = (await dialed(port)).send(
      'GET /stall HTTP/1.1\r\nHost: x\r\n\r\nGET /stall HTTP/1.1\r\nHost: x\r\n\r\n',
    )
    const uploading = (await dialed(port)).send('PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc')
    const reading = (await dialed(port)).send('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await reading.until('\r\n\r\n')
    reading.socket.pause()
    const idle = await dialed(port)
    const shaking = (await dialed(portOf(lab, 'tls'))).send('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await until(
      () => lab.facts.fired.get('hello') === 1 && lab.attemptsAt('app').length + lab.attemptsAt('b').length >= 2,
    )
    await lab.close()
    const ends: Ended[] = []
    for (const peer of [waiting, uploading, reading, idle, shaking]) {
      peer.socket.resume()
      ends.push(await peer.ended())
      peer.socket.destroy()
    }
    t.ok(
      ends.every((how) => how === 'FIN' || how === 'RST'),
      ends.join(),
    )
  })
  await until(() => sockets() === 0)
})

t.test('of a try that failed the journal says whether the request was written', async (t) => {
  const faults = [{ id: 'race', on: 'app', at: 'request_head', effect: 'close', match: { ordinal: 2 } }]
  await withRig(lone({}, {}, faults), async (lab) => {
    const post = () => fetch(lab.url, { method: 'POST', body: 'a' }).then(({ status }) => status)
    t.same([await post(), await post()], [200, 502])
    const [one, two] = forwardsIn(lab.journal).map(({ tries }) => tries[0]!)
    t.equal(one!.request_written, undefined, 'nothing is said of one that went well')
    t.match(two, { reused: true, request_written: true, failure: { type: 'connection_terminated' } })
  })
  const refused = [{ id: 'down', on: 'app', at: 'connect', effect: 'refuse' }]
  await withRig(lone({}, {}, refused), async (lab) => {
    t.equal((await fetch(lab.url)).status, 502)
    t.equal(forwardsIn(lab.journal)[0]!.tries[0]!.request_written, false)
  })
})
