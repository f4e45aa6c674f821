/** Health checks on real sockets: what they do to a proxy's servers, and that they stay apart from requests. */
import t from 'tap'
import type { Failure } from '../../src/core/failure.js'
import type { CheckEvent, JournalEvent, ServerEvent } from '../../src/journal/events.js'
import type { Rig, RigInput } from '../../src/rig.js'
import { dialed, forwardsIn, good, type Peer, portOf, rawOrigin, statusOf, until, withRig } from './peers.js'

const checksIn = (journal: readonly JournalEvent[], server?: string): CheckEvent[] =>
  journal.filter((event) => event.event === 'check').filter((event) => server === undefined || event.server === server)
const turnsIn = (journal: readonly JournalEvent[]): ServerEvent[] => journal.filter((event) => event.event === 'server')

/** Until it has turned so once more than it had. */
async function turned(lab: Rig, server: string, state: ServerEvent['state'], times = 1): Promise<ServerEvent> {
  const found = () => turnsIn(lab.journal).filter((event) => event.server === server && event.state === state)
  await until(() => found().length >= times)
  return found()[times - 1]!
}
const checked = (lab: Rig, server: string, count: number, fits: (event: CheckEvent) => boolean = () => true) =>
  until(() => checksIn(lab.journal, server).filter(fits).length >= count)

const OFTEN = { interval: '5ms', fast_interval: '2ms', timeout: '10s' } as const

const two = (health_check: object | string, more: Partial<RigInput> = {}): RigInput => ({
  hops: {
    a: { kind: 'origin' },
    b: { kind: 'origin' },
    lb: { kind: 'proxy', to: ['a', 'b'], next_upstream: 'off', health_check } as never,
  },
  ...more,
})

t.test('a server that goes down is not tried any more, and comes back', async (t) => {
  const input = two(
    { type: 'http', path: '/deep', ...OFTEN },
    {
      faults: [
        { id: 'sick', on: 'a', at: 'request_head', effect: { type: 'respond', status: 500 }, match: { path: '/deep' } },
      ],
    },
  )
  await withRig(input, async (lab) => {
    await lab.fault('sick').disarm()
    for (let n = 0; n < 4; n++) await good(portOf(lab, 'lb'))
    t.equal(lab.attemptsAt('a').length, 2)
    await lab.fault('sick').arm()
    const down = await turned(lab, 'a', 'down')
    t.equal(down.why, '3 checks in a row failed: status 500')
    for (let n = 0; n < 6; n++) t.equal(statusOf(await good(portOf(lab, 'lb'))), 200)
    t.equal(lab.attemptsAt('a').length, 2, 'nothing went there')
    await lab.fault('sick').disarm()
    const up = await turned(lab, 'a', 'up')
    t.equal(up.why, '2 checks in a row passed')
    for (let n = 0; n < 4; n++) await good(portOf(lab, 'lb'))
    t.equal(lab.attemptsAt('a').length, 4)
    const { turns, pass_rate, error_rate } = lab.facts.servers.get('lb')!.get('a')!
    t.same(turns, { down: 1, up: 1 })
    t.ok(pass_rate! < 1)
    t.equal(error_rate, 0, 'no request failed')
  })
})

t.test('all down: 503, and nothing is tried', async (t) => {
  const input = two(
    { type: 'tcp', ...OFTEN },
    {
      faults: [
        { id: 'no-a', on: 'a', at: 'connect', effect: 'refuse' },
        { id: 'no-b', on: 'b', at: 'connect', effect: 'refuse' },
      ],
    },
  )
  await withRig(input, async (lab) => {
    await Promise.all([turned(lab, 'a', 'down'), turned(lab, 'b', 'down')])
    t.equal(statusOf(await good(portOf(lab, 'lb'))), 503)
    const [forward] = forwardsIn(lab.journal)
    t.match(forward, { tries: [], failure: { type: 'destination_unavailable', stage: 'select' } })
    t.ok(lab.fault('no-a').fired! >= 3, 'each check met the fault')
    const [check] = checksIn(lab.journal, 'a')
    t.match(check, { result: 'failed', why: 'connection refused', failure: { manner: 'refused', stage: 'connect' } })
  })
})

t.test('draining finishes what is in hand, and takes nothing new', async (t) => {
  let ready = '200 OK'
  let slow: Peer | undefined
  const seen: string[] = []
  const origin = await rawOrigin(async (peer) => {
    const path = (await peer.until('\r\n\r\n')).split(' ')[1]!
    if (path !== '/ready') seen.push(path)
    if (path === '/slow') slow = peer
    else peer.send(`HTTP/1.1 ${path === '/ready' ? ready : '200 OK'}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
  })
  const input = two({ type: 'http', path: '/ready', drain_statuses: 404, ...OFTEN })
  const lb = input.hops.lb as { to: unknown[] }
  lb.to = [{ hop: 'a', port: origin.port }, 'b']
  await withRig(input, async (lab) => {
    const held = good(portOf(lab, 'lb'), '/slow')
    await until(() => slow !== undefined)
    ready = '404 Not Found'
    const draining = await turned(lab, 'a', 'draining')
    t.equal(draining.why, 'a check was answered with status 404: no new requests')
    for (let n = 0; n < 4; n++) t.equal(statusOf(await good(portOf(lab, 'lb'))), 200)
    t.same(seen, ['/slow'], 'nothing new')
    slow!.send('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\ndone')
    t.match(await held, /^HTTP\/1\.1 200 .*done$/s)
    t.equal(lab.facts.servers.get('lb')!.get('a')!.pass_rate, 1, 'it is well')
    ready = '200 OK'
    t.equal((await turned(lab, 'a', 'up')).why, 'a check passed', 'the first one is enough')
    for (let n = 0; n < 2; n++) await good(portOf(lab, 'lb'), '/new')
    t.same(seen, ['/slow', '/new'])
  })
  await origin.close()
})

const secured = (health_check: object, more: object = {}): RigInput => ({
  hops: {
    app: { kind: 'origin', tls: true },
    lb: { kind: 'proxy', to: ['app'], health_check, ...more } as never,
  },
  faults: [{ id: 'old', on: 'app', at: 'handshake', effect: { type: 'certificate', kind: 'expired' } }],
})

t.test('a TLS check and one of HTTP fail on a bad certificate; one of TCP does not look', async (t) => {
  for (const type of ['tls', 'http', 'tcp']) {
    await withRig(secured({ type, ...OFTEN }), async (lab) => {
      await checked(lab, 'app', 3)
      const [check] = checksIn(lab.journal, 'app')
      if (type === 'tcp') {
        t.match(check, { result: 'passed', failure: undefined, status: undefined })
        t.equal(lab.fault('old').fired, 0)
        return
      }
      t.match(
        check,
        {
          result: 'failed',
          failure: { type: 'tls_certificate_error', stage: 'tls', certificate_error: 'CERT_HAS_EXPIRED' },
        },
        type,
      )
      t.match(await turned(lab, 'app', 'down'), { why: /certificate not accepted: CERT_HAS_EXPIRED/ })
      await lab.fault('old').disarm()
      await turned(lab, 'app', 'up')
      await checked(lab, 'app', 2, ({ result }) => result === 'passed')
    })
  }
  await withRig(secured({ type: 'tls', ...OFTEN }, { upstream_tls: { verify: false } }), async (lab) => {
    await checked(lab, 'app', 1)
    t.equal(checksIn(lab.journal)[0]!.result, 'passed', 'as requests would: nobody looks at the certificate')
  })
})

t.test('a TLS check of a port that speaks plain HTTP fails as TLS', async (t) => {
  await withRig(two({ type: 'tls', ...OFTEN }), async (lab) => {
    await turned(lab, 'a', 'down')
    t.match(checksIn(lab.journal, 'a')[0], { result: 'failed', failure: { stage: 'tls' } })
  })
})

const stalls: [what: string, check: object, app: object, fault: object, failure: Partial<Failure>][] = [
  [
    'a page that never answers',
    { type: 'http', path: '/deep' },
    {},
    { at: 'request_head', effect: 'stall' },
    { type: 'connection_read_timeout', stage: 'response_head', manner: 'timeout' },
  ],
  [
    'a page that stops in the middle',
    { type: 'http', path: '/deep' },
    {},
    { at: { type: 'response_body', after: '1B' }, effect: 'stall' },
    { type: 'connection_read_timeout', stage: 'response_body', manner: 'timeout' },
  ],
  [
    'a handshake that stalls',
    { type: 'tls' },
    { tls: true },
    { at: 'client_hello', effect: 'stall' },
    { type: 'connection_timeout', stage: 'tls', manner: 'timeout' },
  ],
  [
    'a handshake that stalls under HTTP',
    { type: 'http' },
    { tls: true },
    { at: 'client_hello', effect: 'stall' },
    { type: 'connection_timeout', stage: 'tls', manner: 'timeout' },
  ],
  [
    'a SYN that is dropped',
    { type: 'tcp' },
    {},
    { at: 'connect', effect: 'blackhole' },
    { type: 'connection_timeout', stage: 'connect', manner: 'timeout' },
  ],
  [
    'a SYN that is dropped, under HTTP',
    { type: 'http' },
    {},
    { at: 'connect', effect: 'blackhole' },
    { type: 'connection_timeout', stage: 'connect', manner: 'timeout' },
  ],
]
for (const [what, check, app, fault, failure] of stalls) {
  t.test(`a check times out and says where it stood: ${what}`, async (t) => {
    const health_check = { interval: '5ms', timeout: '60ms', fall: 2, ...check }
    const input = {
      hops: { app: { kind: 'origin', ...app }, lb: { kind: 'proxy', to: ['app'], health_check } },
      faults: [{ id: 'f', on: 'app', ...fault }],
    } as unknown as RigInput
    await withRig(input, async (lab) => {
      const there = ({ failure: met }: CheckEvent) => met?.stage === failure.stage
      await checked(lab, 'app', 2, there)
      await turned(lab, 'app', 'down')
      const checks = checksIn(lab.journal, 'app')
      const first = checks.findIndex(there)
      t.match(checks[first], { result: 'failed', failure })
      t.ok(checks[first]!.ms >= 59, `${checks[first]!.ms} ms`)
      t.ok(checks[first + 1]!.t - checks[first]!.t >= 59 + 4, 'one at a time, and an interval between them')
      t.ok(lab.fault('f').fired! >= 1, 'the fault saw it')
    })
  })
}

t.test('a trickle does not save a check: its limit is for all of it', async (t) => {
  const origin = await rawOrigin(async (peer) => {
    await peer.until('\r\n\r\n')
    peer.send('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n')
    const timer = setInterval(() => peer.send('x'), 2)
    await peer.ended()
    clearInterval(timer)
    peer.socket.destroy()
  })
  const input: RigInput = {
    hops: {
      app: { kind: 'origin' },
      lb: {
        kind: 'proxy',
        to: [{ hop: 'app', port: origin.port }],
        health_check: { type: 'http', interval: '5ms', timeout: '60ms', fall: 1 },
      },
    },
  }
  await withRig(input, async (lab) => {
    const cut = (event: CheckEvent) => event.failure?.stage === 'response_body'
    await checked(lab, 'app', 1, cut)
    t.match(checksIn(lab.journal).find(cut), { result: 'failed', status: 200, failure: { manner: 'timeout' } })
    t.equal(turnsIn(lab.journal)[0]!.state, 'down')
  })
  await origin.close()
})

t.test('what goes on the wire: one GET on a connection of its own', async (t) => {
  const origin = await rawOrigin(async (peer) => {
    await peer.until('\r\n\r\n')
    peer.send('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nready')
  })
  const to = [{ hop: 'app', port: origin.port }]
  const health_check = { type: 'http', path: '/ready?deep=1', expected_body: 'ready', ...OFTEN } as const
  await withRig({ hops: { app: { kind: 'origin' }, lb: { kind: 'proxy', to, health_check } } }, async (lab) => {
    await checked(lab, 'app', 2, ({ result }) => result === 'passed')
    const [one, other] = origin.connections
    t.match(one!.received, /^GET \/ready\?deep=1 HTTP\/1\.1\r\n/)
    t.match(one!.received, /\r\nhost: app\r\n/i)
    t.match(one!.received, /\r\nuser-agent: badgateway-health-check\r\n/i)
    t.match(one!.received, /\r\nx-request-id: check-lb-app-1\r\n/i)
    t.equal(one!.received.split('GET ').length, 2, 'nothing else on it')
    t.match(other!.received, /\r\nx-request-id: check-lb-app-2\r\n/i)
    t.notOk(/via:/i.test(one!.received))
    await one!.ended()
  })
  await origin.close()
})

t.test('checks are neither requests nor tries, wherever they go', async (t) => {
  const input: RigInput = {
    hops: {
      app: { kind: 'origin' },
      inner: { kind: 'proxy', to: ['app'] },
      lb: { kind: 'proxy', to: ['inner', 'app'], health_check: { type: 'http', path: '/deep', ...OFTEN } },
    },
  }
  await withRig(input, async (lab) => {
    await checked(lab, 'inner', 3)
    await checked(lab, 'app', 3)
    await good(portOf(lab, 'lb'))
    const { facts } = lab
    t.equal(facts.origins.get('app')!.requests, 1)
    t.equal(facts.proxies.get('lb')!.requests, 1)
    t.equal(facts.proxies.get('lb')!.tries, 1)
    t.equal(facts.proxies.get('inner')?.requests ?? 0, lab.attemptsAt('inner').length)
    t.equal(lab.attemptsAt('app').length, 1)
    t.ok(lab.attemptsAt('inner').length <= 1, 'only the request, if it went there')
    t.ok(facts.connections.get('app')! > 3, 'connections are what they are')
    const served = lab.journal.filter((event) => event.event === 'served' && event.health)
    t.ok(served.length >= 3 && served.every((event) => 'request' in event && event.request?.startsWith('check-lb-')))
  })
})

t.test('with every default, and with initial: down, which lets nobody in before checks passed', async (t) => {
  await withRig(two('http'), async (lab) => {
    await checked(lab, 'a', 1)
    await checked(lab, 'b', 1)
    t.match(checksIn(lab.journal, 'a')[0], { result: 'passed', status: 200 })
    t.same(turnsIn(lab.journal), [])
  })
  const page = { type: 'http', path: '/deep', initial: 'down', rise: 2, ...OFTEN }
  const held: RigInput['faults'] = ['a', 'b'].map((on) => ({
    id: `slow-${on}`,
    on,
    at: 'request_head' as const,
    effect: { type: 'respond' as const, status: 503 },
    match: { path: '/deep' },
  }))
  await withRig(two(page, { faults: held }), async (lab) => {
    await checked(lab, 'a', 1)
    t.equal(statusOf(await good(portOf(lab, 'lb'))), 503)
    await lab.fault('slow-b').disarm()
    await turned(lab, 'b', 'up')
    t.equal(statusOf(await good(portOf(lab, 'lb'))), 200)
    t.equal(lab.facts.servers.get('lb')!.get('a')!.pass_rate, 0)
  })
})

t.test('checks go where requests go: by name, and to a unix socket', async (t) => {
  const app = { app: { kind: 'origin' } } as const
  for (const type of ['tcp', 'http'] as const) {
    const lb = { kind: 'proxy' as const, to: ['app'], health_check: { type, ...OFTEN } }
    const denied: RigInput = {
      hops: { ...app, lb: { ...lb, resolver: {} } },
      faults: [{ id: 'gone', on: 'app', at: 'resolve', effect: { type: 'dns', answer: 'nxdomain' } }],
    }
    await withRig(denied, async (lab) => {
      await turned(lab, 'app', 'down')
      t.match(checksIn(lab.journal)[0], { failure: { type: 'dns_error', stage: 'dns' }, address: /^app\.test:/ }, type)
    })
    await withRig({ hops: { app: { kind: 'origin', socket: true }, lb } }, async (lab) => {
      await checked(lab, 'app', 1)
      t.match(checksIn(lab.journal)[0], { result: 'passed', address: /^unix:/ }, type)
    })
  }
})

t.test('a queue moves when a server is up again', async (t) => {
  const input: RigInput = {
    hops: {
      a: { kind: 'origin', capacity: { workers: 4, service_time: '5ms' } },
      b: { kind: 'origin', response: { body: 'b' } },
      lb: {
        kind: 'proxy',
        to: [{ hop: 'a', max_conns: 1 }, 'b'],
        queue: { size: 10 },
        health_check: { type: 'http', path: '/deep', initial: 'up', rise: 1, fall: 1, ...OFTEN },
      },
    },
    faults: [
      { id: 'down', on: 'b', at: 'request_head', effect: { type: 'respond', status: 500 }, match: { path: '/deep' } },
      { id: 'long', on: 'a', at: 'request_head', effect: 'stall', match: { path: '/long' } },
    ],
  }
  await withRig(input, async (lab) => {
    await turned(lab, 'b', 'down')
    const long = (await dialed(portOf(lab, 'lb'))).send('GET /long HTTP/1.1\r\nHost: x\r\n\r\n')
    await until(() => lab.fault('long').fired === 1)
    const waiting = good(portOf(lab, 'lb'))
    await checked(lab, 'b', checksIn(lab.journal, 'b').length + 2)
    t.equal(forwardsIn(lab.journal).length, 0, 'there is no room at a, and b is down')
    await lab.fault('down').disarm()
    t.equal(statusOf(await waiting), 200)
    t.equal(lab.attemptsAt('b').length, 1)
    long.socket.destroy()
  })
})

t.test('a server is checked while it is in the list', async (t) => {
  const input = two({ type: 'tcp', ...OFTEN })
  const lb = input.hops.lb as { to: unknown[] }
  lb.to = [
    { hop: 'a', leaves: '60ms' },
    { hop: 'b', joins: '60ms' },
  ]
  await withRig(input, async (lab) => {
    await turned(lab, 'b', 'joined')
    await turned(lab, 'a', 'left')
    await checked(lab, 'b', 3)
    const at = (state: string) => turnsIn(lab.journal).find((event) => event.state === state)!.t
    t.ok(checksIn(lab.journal, 'a').length > 0)
    t.ok(checksIn(lab.journal, 'a').every((event) => event.t <= at('left')))
    t.ok(checksIn(lab.journal, 'b').every((event) => event.t >= at('joined')))
  })
})

t.test('reset: nothing is known of a server any more, and its checks begin anew', async (t) => {
  const faults: RigInput['faults'] = [{ id: 'no-a', on: 'a', at: 'connect', effect: 'refuse' }]
  await withRig(two({ type: 'tcp', ...OFTEN }, { faults }), async (lab) => {
    await turned(lab, 'a', 'down')
    await lab.reset()
    await turned(lab, 'a', 'down')
    t.equal(
      checksIn(lab.journal, 'a').findIndex(({ result }) => result !== 'failed'),
      -1,
    )
    t.ok(checksIn(lab.journal, 'a').length >= 3, 'three times again')
  })
})

t.test('closing in the middle of a check leaves nothing open, and tells nothing of it', async (t) => {
  for (const type of ['http', 'tcp', 'tls']) {
    const input: RigInput = {
      hops: {
        app: { kind: 'origin', tls: type === 'tls' },
        lb: { kind: 'proxy', to: ['app'], health_check: { type, path: '/deep', timeout: '500h' } },
      },
      faults: [
        type === 'tls'
          ? { id: 'f', on: 'app', at: 'client_hello', effect: 'stall' }
          : type === 'tcp'
            ? { id: 'f', on: 'app', at: 'connect', effect: 'blackhole' }
            : { id: 'f', on: 'app', at: 'request_head', effect: 'stall' },
      ],
    } as unknown as RigInput
    if (type !== 'http') delete (input.hops.lb as { health_check: { path?: string } }).health_check.path
    let journal: readonly JournalEvent[] = []
    await withRig(input, async (lab) => {
      journal = lab.journal
      if (type !== 'tcp') await until(() => lab.fault('f').fired === 1)
    })
    t.same(checksIn(journal), [], type)
  }
})
