/** An origin with a capacity, from its peers' sockets: who is served, who waits, who is turned away and how. */
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import t from 'tap'
import type { ServedEvent } from '../../src/journal/events.js'
import type { Rig, RigInput } from '../../src/rig.js'
import { dialed, Peer, portOf, statusOf, until, withRig } from './peers.js'

const origin = (capacity: object): RigInput => ({
  hops: { app: { kind: 'origin', capacity: { workers: 1, service_time: '1h', ...capacity } } },
})

const served = (lab: Rig): ServedEvent[] =>
  lab.journal.flatMap((event) => (event.event === 'served' && !event.health ? [event] : []))

/** Requests one after the other, each on a connection of its own; the next is sent when the origin has read the last. */
async function asked(lab: Rig, paths: readonly string[]): Promise<Peer[]> {
  // Its answer comes a turn after everything that was sent before it was read; it needs no worker.
  const health = await dialed(portOf(lab, 'app'))
  const peers: Peer[] = []
  for (const path of paths) {
    const peer = await dialed(portOf(lab, 'app'))
    peers.push(peer.send(`GET ${path} HTTP/1.1\r\nHost: x\r\nX-Request-Id: ${path}\r\n\r\n`))
    health.send('GET /health HTTP/1.1\r\nHost: x\r\n\r\n')
    await health.until('healthy', peers.length)
  }
  health.socket.destroy()
  return peers
}

const hangUp = (peers: Peer[]) => {
  for (const { socket } of peers) socket.destroy()
}

t.test('one is served, one waits, the third gets a 503 at once', async (t) => {
  await withRig(origin({ queue: 1, service_time: '600ms' }), async (lab) => {
    const peers = await asked(lab, ['/1', '/2', '/3'])
    const [first, second, third] = peers as [Peer, Peer, Peer]
    await third.until('\r\n\r\n')
    t.equal(statusOf(third.received), 503)
    t.equal(first.received, '', 'before the first is done')
    t.equal(statusOf(await second.until('\r\n\r\n')), 200)
    t.equal(statusOf(first.received), 200)
    t.same(
      served(lab).map(({ request, status, outcome }) => [request, status, outcome]),
      [
        ['/3', 503, 'shed'],
        ['/1', 200, 'answered'],
        ['/2', 200, 'answered'],
      ],
    )
    const [shed, one, two] = served(lab)
    t.equal(shed!.worked_ms, undefined)
    t.ok(one!.worked_ms! >= 599 && one!.queued_ms! < one!.worked_ms!, JSON.stringify(one))
    t.ok(two!.queued_ms! > 0 && two!.ms >= two!.queued_ms! + two!.worked_ms! - 1, JSON.stringify(two))
    hangUp(peers)
  })
})

t.test('reset: who finds it full gets RST and not a byte', async (t) => {
  await withRig(origin({ service_time: '600ms', when_full: 'reset' }), async (lab) => {
    const peers = await asked(lab, ['/1', '/2'])
    t.equal(await peers[1]!.ended(), 'RST')
    t.equal(peers[1]!.received, '')
    t.equal(statusOf(await peers[0]!.until('\r\n\r\n')), 200)
    hangUp(peers)
  })
})

t.test('stop_accepting: connections wait in the kernel, the SYN of more than it keeps is dropped', async (t) => {
  const capacity = { service_time: '400ms', when_full: 'stop_accepting', backlog: 1 }
  await withRig(origin(capacity), async (lab) => {
    const [first] = (await asked(lab, ['/1'])) as [Peer]
    await until(() => lab.facts.origins.get('app')?.stops === 1)
    const story: string[] = []
    first.socket.once('data', () => story.push('answered'))
    // Linux keeps one more than the backlog says.
    const late = Array.from({ length: 4 }, () => connect(portOf(lab, 'app'), '127.0.0.1'))
    for (const socket of late) socket.once('connect', () => story.push('connected'))
    await until(() => story.length >= 3)
    t.same(story.slice(0, 3), ['connected', 'connected', 'answered'], 'two fit, two hang until it has room')
    t.equal(
      lab.journal.filter((event) => event.event === 'connection' && event.t < served(lab)[0]!.t).length,
      2,
      'the first and the one for its health, none of those behind the worker’s back',
    )
    const peers = late.map((socket) => new Peer(socket).send('GET /late HTTP/1.1\r\nHost: x\r\n\r\n'))
    for (const peer of peers) t.equal(statusOf(await peer.until('\r\n\r\n')), 200)
    t.equal(story.filter((word) => word === 'connected').length, 4, 'and all are served in the end')
    hangUp([first, ...peers])
  })
})

t.test('stop_accepting: the process that keeps the socket is missed, at the start and later', async (t) => {
  const input = origin({ when_full: 'stop_accepting' })
  for (const [program, says] of [
    ['/bin/false', 'ended unasked'],
    ['/nowhere', 'could not start: spawn /nowhere ENOENT'],
  ] as const) {
    const { execPath } = process
    process.execPath = program
    const started = withRig(input, async () => {}).finally(() => {
      process.execPath = execPath
    })
    const message = `hop "app": the process that keeps its socket ${says}. See whether`
    await t.rejects(started, { code: 'BADGATEWAY_CANNOT_RUN', message })
  }
  const before = children()
  await withRig(input, async (lab) => {
    const [keeper] = children().filter((pid) => !before.includes(pid))
    process.kill(keeper!, 'SIGKILL')
    const errors = () => lab.journal.filter(({ event }) => event === 'error')
    await until(() => errors().length > 0)
    t.match(errors()[0], { message: 'hop "app": the process that keeps its socket was killed by SIGKILL' })
  })
})

const children = (): number[] =>
  readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)

t.test('a request whose client left is worked on all the same', async (t) => {
  await withRig(origin({ service_time: '600ms' }), async (lab) => {
    const peers = await asked(lab, ['/1', '/2'])
    t.match(await peers[1]!.until('\r\n\r\n'), /^HTTP\/1\.1 503 /)
    hangUp(peers)
    await until(() => served(lab).length === 2)
    t.match(served(lab)[1], { request: '/1', outcome: 'wasted', status: undefined })
    t.ok(served(lab)[1]!.worked_ms! >= 599)
  })
})

t.test('what is not finished when the rig closes was aborted', async (t) => {
  let lab: Rig | undefined
  await withRig(origin({ queue: 1, service_time: '1h' }), async (opened) => {
    lab = opened
    hangUp(await asked(lab, ['/1', '/2']))
  })
  t.match(served(lab!), [
    { request: '/1', outcome: 'aborted', worked_ms: undefined },
    { request: '/2', outcome: 'aborted' },
  ])
})

t.test('one lock: the second waits for it in its worker, and who does not need it goes past', async (t) => {
  const capacity = { workers: 3, service_time: '0ms', lock: { hold: '600ms', path: '/write/*' } }
  await withRig(origin(capacity), async (lab) => {
    const peers = await asked(lab, ['/write/1', '/write/2', '/read'])
    await until(() => served(lab).length === 3)
    t.same(
      served(lab).map(({ request }) => request),
      ['/read', '/write/1', '/write/2'],
    )
    t.ok(served(lab)[2]!.locked_ms! > 0)
    hangUp(peers)
  })
})

t.test('a queue over its limit is an error of the run, said aloud', async (t) => {
  const input = origin({ queue: 2, when_full: 'queue', service_time: '1h' })
  input.clients = { many: { to: 'app', load: { requests: 5, concurrency: 5 } } }
  await withRig(input, async (lab) => {
    const error = until(() => lab.journal.some((event) => event.event === 'error'))
    const load = lab.load().catch(() => {})
    await error
    t.match(
      lab.journal.find((event) => event.event === 'error'),
      { message: 'origin "app" has 2 requests waiting, its limit: lower the load, or let it shed' },
    )
    void load
  })
})

t.test('its health page needs no worker', async (t) => {
  await withRig(origin({ service_time: '1h' }), async (lab) => {
    const peers = await asked(lab, ['/1'])
    const health = (await dialed(portOf(lab, 'app'))).send('GET /health HTTP/1.1\r\nHost: x\r\n\r\n')
    t.equal(statusOf(await health.until('\r\n\r\n')), 200)
    hangUp([...peers, health])
  })
})
