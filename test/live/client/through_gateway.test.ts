/** Clients of a scenario behind the real gateway: sessions and exits, both forms, profiles, and a link that misbehaves. */
import t, { type Test } from 'tap'
import type { AttemptEvent, HelloEvent } from '../../../src/journal/events.js'
import { type RigInput, rig } from '../../../src/rig.js'

const hops: RigInput['hops'] = {
  shop: { kind: 'origin', tls: true },
  wall: { kind: 'waf', to: 'shop' },
  gw: {
    kind: 'gateway',
    to: ['wall'],
    users: [{ name: 'alice', password: 'secret' }],
    exits: [{ network: '127.11.1.0/24', count: 5 }],
    keepalive: { connections: 0 },
  },
}

type Client = NonNullable<RigInput['clients']>[string]
type Through = NonNullable<Client['through']>

async function ran(t: Test, through: Partial<Through>, client: Partial<Client> = {}, more: Partial<RigInput> = {}) {
  const credentials = { gateway: 'gw', user: 'alice', password: 'secret' }
  const scraper = { to: 'wall', through: { ...credentials, ...through }, ...client } as Client
  const lab = await rig({ hops, clients: { scraper }, ...more })
  t.teardown(() => lab.close())
  const facts = await lab.load()
  const attempts = lab.journal.filter((event): event is AttemptEvent => event.event === 'attempt')
  return { lab, facts, attempts, exits: attempts.map(({ exit }) => exit) }
}

const distinct = (list: readonly unknown[]): number => new Set(list).size

for (const form of ['connect', 'absolute'] as const) {
  t.test(`${form}: who says the same session gets the same exit`, async (t) => {
    const load = { requests: 4 }
    const none = await ran(t, { form }, { load, keep_alive: false })
    t.equal(distinct(none.exits), 4, 'without a session each has another')
    t.ok(none.exits.every((exit) => exit?.startsWith('127.11.1.')))
    t.equal(none.facts.clients.get('scraper')!.metrics.exits_used, 4)
    const word = await ran(t, { form, session: 'abc' }, { load, keep_alive: false })
    t.equal(distinct(word.exits), 1)
    const each = await ran(t, { form, session: { per: 'request' } }, { load })
    t.equal(distinct(each.exits), 4)
    const two = await ran(t, { form, session: { per: 'instance' } }, { load, instances: 2, keep_alive: false })
    t.equal(distinct(two.exits), 2)
  })

  t.test(`${form}: attempts of a request share an exit, or have one each`, async (t) => {
    const busy = { id: 'busy', on: 'shop', at: 'request_head', effect: { type: 'respond', status: 503 } } as const
    const retry = { type: 'fixed', attempts: 3, delay: '1ms' } as const
    const shared = await ran(t, { form, session: { per: 'request' } }, { retry }, { faults: [busy] })
    t.match(shared.attempts, [{ status: 503 }, { status: 503 }, { status: 503 }])
    t.equal(distinct(shared.exits), 1)
    const own = await ran(t, { form, session: { per: 'attempt' } }, { retry }, { faults: [busy] })
    t.equal(distinct(own.exits), 3)
    t.equal(own.facts.clients.get('scraper')!.metrics.exits_failing, 3)
  })
}

t.test('a tunnel shows the firewall the profile of the client', async (t) => {
  const helloOf = async (profile?: 'python_like' | 'curl_like') => {
    const { lab } = await ran(t, {}, profile ? { tls: { profile } } : {})
    return lab.journal.find((event): event is HelloEvent => event.event === 'hello')!
  }
  const hellos = [await helloOf(), await helloOf('python_like'), await helloOf('curl_like')]
  t.equal(distinct(hellos.map(({ ja4 }) => ja4)), 3)
  t.same(
    hellos.map(({ sni }) => sni),
    ['wall.test', 'wall.test', 'wall.test'],
  )
})

t.test('what misbehaves is the link to the gateway, or its address', async (t) => {
  const gone = { id: 'gone', on: 'scraper->gw', at: 'connect', effect: 'refuse' } as const
  const refused = await ran(t, {}, {}, { faults: [gone] })
  t.match(refused.attempts, [{ status: undefined, failure: { type: 'connection_refused', stage: 'connect' } }])
  t.equal(refused.lab.fault('gone').fired, 1)
  const slow = { id: 'slow', on: 'scraper->gw', at: 'wire', effect: { type: 'delay', by: '30ms' } } as const
  const late = await ran(t, {}, {}, { faults: [slow] })
  t.match(late.attempts, [{ status: 200, exit: /^127\.11\.1\./ }])
  t.ok(late.attempts[0]!.tunnelled!.ms! >= 30)
})

t.test('straight to the hop where the gateway refuses', async (t) => {
  const seen = await ran(t, { password: 'wrong' }, { fallback: { to: 'wall' } })
  t.match(seen.attempts, [
    { status: 407, tunnelled: { status: 407 } },
    { status: 200, fallback: true, tunnelled: undefined },
  ])
})
