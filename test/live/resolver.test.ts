/** The name server as anybody on the wire sees it, and a proxy that finds its upstreams by name. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { decode, encode, type Packet } from 'dns-packet'
import t from 'tap'
import type { Rig } from '../../src/rig.js'
import { forwardsIn, good, lone, portOf, statusOf, until, withRig } from './peers.js'

/**
 * One question on the wire: the answer's code (RFC 1035 section 4.1.1) and its addresses, or silence.
 * @param patienceMs short only where no answer is expected: a busy machine is late as well
 */
async function ask(lab: Rig, name = 'app.test', type: 'A' | 'AAAA' = 'A', patienceMs = 10_000) {
  const socket = createSocket('udp4')
  const [host, port] = lab.nameServer!.split(':')
  const query = encode({ type: 'query', id: 4711, flags: 256, questions: [{ type, name }] })
  const answered = once(socket, 'message', { signal: AbortSignal.timeout(patienceMs) }).catch(() => undefined)
  socket.send(query, Number(port), host)
  const message = await answered
  socket.close()
  if (!message) return 'silence'
  const packet = decode(message[0] as Buffer) as unknown as Packet & { rcode: string; flag_aa: boolean }
  const { id, rcode, flag_aa, questions, answers } = packet
  return {
    id,
    rcode,
    flag_aa,
    asked: questions?.[0]?.name,
    answers: answers?.map((a) => 'data' in a && [a.data, 'ttl' in a && a.ttl]),
  }
}

const named = (faults: object[] = [], dns: object = {}, resolver: object = {}) =>
  lone({ dns, response: { headers: { Connection: 'close' } } }, { resolver }, faults)
const onResolve = (effect: unknown, more: object = {}) => ({ id: 'f', on: 'app', at: 'resolve', effect, ...more })
const dns = (answer: string) => ({ type: 'dns', answer })

const right = { id: 4711, rcode: 'NOERROR', flag_aa: true, asked: 'app.test', answers: [['127.0.0.1', 60]] }

t.test('every hop has a name, and nobody else', async (t) => {
  await withRig(named(), async (lab) => {
    t.strictSame(await ask(lab), right)
    t.strictSame(await ask(lab, 'LB.Test'), { ...right, asked: 'LB.Test' }, 'however it is written')
    t.strictSame(await ask(lab, 'app.test', 'AAAA'), { ...right, answers: [] })
    t.match(await ask(lab, 'other.test'), { rcode: 'NXDOMAIN', answers: [] })
  })
  await withRig(named([], { name: 'app.internal', ttl: '5s' }), async (lab) => {
    t.match(await ask(lab, 'app.internal'), { answers: [['127.0.0.1', 5]] })
    t.match(await ask(lab, 'app.test'), { rcode: 'NXDOMAIN' })
  })
})

t.test('what is no query gets no answer, and does no harm', async (t) => {
  await withRig(named(), async (lab) => {
    const socket = createSocket('udp4')
    const [host, port] = lab.nameServer!.split(':')
    const empty = encode({ type: 'query', id: 1 })
    for (const bytes of [Buffer.from('x'), Buffer.alloc(12, 255), empty]) socket.send(bytes, Number(port), host)
    t.strictSame(await ask(lab), right)
    socket.close()
  })
})

t.test('wrong answers differ on the wire', async (t) => {
  const codes = { nxdomain: 'NXDOMAIN', servfail: 'SERVFAIL', refused: 'REFUSED', no_data: 'NOERROR', stale: 'NOERROR' }
  for (const [answer, rcode] of Object.entries(codes)) {
    await withRig(named([onResolve(dns(answer))]), async (lab) => {
      const answers = answer === 'stale' ? [['127.0.0.254', 60]] : []
      t.strictSame(await ask(lab), { ...right, rcode, answers }, answer)
      t.equal(lab.fault('f').fired, 1)
      t.match(await ask(lab, 'lb.test'), { rcode: 'NOERROR' }, 'of that name only')
      await lab.fault('f').disarm()
      t.strictSame(await ask(lab), right)
    })
  }
})

t.test('stall: not a datagram comes back; delay: a right answer, but later', async (t) => {
  await withRig(named([onResolve('stall')]), async (lab) => {
    t.equal(await ask(lab, 'app.test', 'A', 200), 'silence')
    t.equal(lab.fault('f').fired, 1)
  })
  await withRig(named([onResolve({ type: 'delay', by: '40ms' })]), async (lab) => {
    const started = performance.now()
    t.strictSame(await ask(lab), right)
    t.ok(performance.now() - started >= 39)
  })
})

t.test('a proxy says which way its lookup failed', async (t) => {
  const rows = [
    [dns('nxdomain'), 502, 'rcode="NXDOMAIN"', '3: Host not found', 1],
    [dns('servfail'), 502, 'rcode="SERVFAIL"', '2: Server failure', 2],
    [dns('refused'), 502, 'rcode="REFUSED"', '5: Operation refused', 1],
    [dns('no_data'), 502, 'rcode="NOERROR"', '3: Host not found', 1],
    ['stall', 504, 'error=dns_timeout', '110: Operation timed out', 2],
  ] as const
  for (const [effect, status, told, log, queries] of rows) {
    await withRig(named([onResolve(effect)], {}, { timeout: '50ms', tries: 2 }), async (lab) => {
      const answer = await good(portOf(lab, 'lb'))
      t.equal(statusOf(answer), status)
      t.match(answer, told)
      t.match(answer, 'X-Proxy-Error: upstream_unresolved')
      const [forward] = forwardsIn(lab.journal)
      t.match(forward!.failure, { type: status === 504 ? 'dns_timeout' : 'dns_error', stage: 'dns' })
      t.equal(forward!.tries[0]!.address, `app.test:${portOf(lab, 'app')}`, 'no address was known')
      if (status === 504) t.ok(forward!.ms >= 99, `two tries: ${forward!.ms}`)
      const line = lab.journal.find((event) => event.event === 'log')
      t.match(line, { line: `app.test could not be resolved (${log}), client: ` })
      t.notMatch(line, { line: 'upstream: ' })
      t.equal(lab.fault('f').fired, queries, 'queries on the wire')
      t.equal(lab.facts.connections.get('app') ?? 0, 0)
    })
  }
})

const lookups = (lab: Rig) => lab.journal.filter((event) => event.event === 'lookup')

t.test('an address is kept as long as its TTL says, and a failure not at all', async (t) => {
  await withRig(named(), async (lab) => {
    for (let n = 0; n < 3; n++) t.equal(statusOf(await good(portOf(lab, 'lb'))), 200)
    t.match(lookups(lab), [{ hop: 'lb', name: 'app.test', answer: '127.0.0.1' }])
    t.equal(lookups(lab).length, 1, 'asked once')
    const known = forwardsIn(lab.journal).map(({ tries }) => tries[0]!.lookup?.ms === undefined)
    t.strictSame(known, [false, true, true])
  })
  await withRig(named([], { ttl: '0s' }), async (lab) => {
    for (let n = 0; n < 3; n++) await good(portOf(lab, 'lb'))
    t.equal(lookups(lab).length, 3, 'asked anew')
  })
  await withRig(named([onResolve(dns('nxdomain'), { first: 1 })]), async (lab) => {
    const statuses = [await good(portOf(lab, 'lb')), await good(portOf(lab, 'lb'))].map(statusOf)
    t.strictSame(statuses, [502, 200])
  })
})

t.test('without a cache it asks for each connection, whatever the TTL says', async (t) => {
  await withRig(named([onResolve(dns('stale'), { first: 1 })], {}, { cache: false }), async (lab) => {
    const statuses = [await good(portOf(lab, 'lb')), await good(portOf(lab, 'lb'))].map(statusOf)
    t.strictSame(statuses, [502, 200], 'what was wrong once is forgotten')
    t.match(
      lookups(lab).map(({ answer }) => answer),
      ['127.0.0.254', '127.0.0.1'],
    )
  })
})

t.test('with ipv6 it asks for both kinds of address, waits for both, and goes to the one of IPv4', async (t) => {
  await withRig(named([onResolve(dns('stale'), { first: 1 })], {}, { ipv6: true }), async (lab) => {
    t.equal(statusOf(await good(portOf(lab, 'lb'))), 200, 'AAAA was asked first, and has no address to be wrong')
    t.equal(lab.fault('f').fired, 1)
    t.equal(lookups(lab).length, 1)
  })
  await withRig(named([onResolve(dns('nxdomain'))], {}, { ipv6: true }), async (lab) => {
    t.equal(statusOf(await good(portOf(lab, 'lb'))), 502)
    t.equal(lab.fault('f').fired, 2, 'two queries on the wire')
  })
  await withRig(
    named([onResolve('stall', { first: 1 })], {}, { ipv6: true, timeout: '50ms', tries: 1 }),
    async (lab) => {
      t.equal(statusOf(await good(portOf(lab, 'lb'))), 200)
      t.ok(forwardsIn(lab.journal)[0]!.ms >= 49, 'the one that nobody answers holds it up')
    },
  )
})

t.test('a stale address is one that nobody listens at, and the proxy says which', async (t) => {
  await withRig(named([onResolve(dns('stale'))]), async (lab) => {
    t.match(await good(portOf(lab, 'lb')), `next-hop="127.0.0.254:${portOf(lab, 'app')}"`)
    t.match(forwardsIn(lab.journal)[0]!.failure, { type: 'connection_refused', stage: 'connect' })
  })
})

t.test('another server of the proxy may have a name that resolves', async (t) => {
  const input = named([onResolve(dns('servfail'))], {}, { tries: 1 })
  const hops = { ...input.hops, b: { kind: 'origin' }, lb: { kind: 'proxy', to: ['app', 'b'], resolver: { tries: 1 } } }
  await withRig({ ...input, hops } as never, async (lab) => {
    t.equal(statusOf(await good(portOf(lab, 'lb'))), 200)
    t.strictSame(
      forwardsIn(lab.journal)[0]!.tries.map(({ server }) => server),
      ['app', 'b'],
    )
  })
})

t.test('who closes while a name is being looked up leaves nothing behind', async (t) => {
  await withRig(named([onResolve('stall')], {}, { timeout: '60s' }), async (lab) => {
    const asked = good(portOf(lab, 'lb'))
    await until(() => lab.fault('f').fired === 1)
    await lab.close()
    await asked
    t.pass()
  })
})
