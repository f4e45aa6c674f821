/** Servers that join and leave while requests come: the new one is asked, the old one is drained, nothing is lost. */
import t from 'tap'
import { forwardsIn, good, proxyTo, statusOf, until, withRig } from './peers.js'
import { takingOrigin } from './taking.js'

t.test('a server is asked once it has joined, and finishes what it has in hand when it has left', async (t) => {
  const one = await takingOrigin((taken) => taken.answer())
  const two = await takingOrigin()
  const to = ['app1', { hop: 'app2', joins: '50ms', leaves: '150ms' }]
  const proxy = await proxyTo([one.port, two.port], { to })
  const turns = () => proxy.journal.filter((event) => event.event === 'server')
  try {
    while (turns().length === 0) {
      t.equal(two.asked.length, 0)
      t.equal(statusOf(await good(proxy.port)), 200)
    }
    const before = one.asked.length
    const open = [good(proxy.port), good(proxy.port)]
    await until(() => one.asked.length - before + two.asked.length === 2)
    await until(() => turns().length === 2)
    t.match(turns(), [
      { server: 'app2', state: 'joined' },
      { server: 'app2', state: 'left' },
    ])
    t.ok(turns()[0]!.t >= 49)
    t.ok(turns()[1]!.t >= 149)
    const inHand = two.asked.length
    for (let n = 0; n < 5; n++) t.equal(statusOf(await good(proxy.port)), 200)
    t.equal(two.asked.length, inHand, 'nothing new')
    for (const taken of two.asked) taken.answer()
    t.strictSame((await Promise.all(open)).map(statusOf), [200, 200])
    t.ok(proxy.forwards().every(({ tries }) => tries.length === 1))
  } finally {
    await proxy.close()
    await one.close()
    await two.close()
  }
})

t.test('under load nothing is lost', async (t) => {
  const origin = { kind: 'origin', capacity: { workers: 100, service_time: '20ms' } } as const
  const hops = {
    a: origin,
    b: origin,
    lb: { kind: 'proxy', to: ['a', { hop: 'b', joins: '150ms', leaves: '350ms' }] },
  } as const
  const clients = { plain: { to: 'lb', load: { rate: '200/s', for: '600ms' } } }
  await withRig({ hops: hops as never, clients: clients as never }, async (lab) => {
    await lab.load()
    const forwards = forwardsIn(lab.journal, 'lb')
    t.ok(forwards.every(({ status, tries }) => status === 200 && tries.length === 1))
    const seen = ['a', 'b'].map((hop) => lab.attemptsAt(hop).length)
    t.equal(seen[0]! + seen[1]!, forwards.length)
    t.ok(lab.attemptsAt('b').every(({ status }) => status === 200))
  })
})

t.test('each load begins anew', async (t) => {
  const hops = {
    a: { kind: 'origin' },
    b: { kind: 'origin' },
    lb: { kind: 'proxy', to: ['a', { hop: 'b', leaves: '0ms' }] },
  }
  await withRig({ hops: hops as never }, async (lab) => {
    for (let load = 0; load < 2; load++) {
      for (let n = 0; n < 3; n++) await good(Number(new URL(lab.urlOf('lb')).port))
      t.equal(lab.attemptsAt('b').length, 0)
      t.match(
        lab.journal.filter((event) => event.event === 'server'),
        [{ server: 'b', state: 'left' }],
      )
      await lab.reset()
    }
  })
})
