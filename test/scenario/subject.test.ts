/** Which proxy and which client show the cause of a scenario. */
import { test } from 'tap'
import { checkScenario } from '../../src/scenario/parse.js'
import { subjectOf } from '../../src/scenario/subject.js'

const proxy = (more: object = {}) => ({ kind: 'proxy', to: ['app'], ...more })

const of = (hops: object, clients: object, expect: object[]) =>
  subjectOf(
    checkScenario({ id: 's', title: 't', hops: { app: { kind: 'origin' }, ...hops }, clients, expect } as never, {
      runnable: true,
    }),
  )

test('the first proxy of which a client is to fail', async (t) => {
  const hops = { patient: proxy(), hasty: proxy() }
  const clients = { direct: { to: 'app' }, waits: { to: 'patient' }, gives_up: { to: 'hasty' } }
  const fine = { client: 'waits', status: 200, count: '= 1' }
  const none = { client: 'waits', status: 502, count: '= 0' }
  const direct = { client: 'direct', status: 502, count: '= 1' }
  for (const check of [
    { client: 'gives_up', status: 504, count: '>= 1' },
    { client: 'gives_up', truncated: '= 1' },
    { client: 'gives_up', metric: 'gave_up', is: '= 1' },
    { client: 'gives_up', error: 'connection_timeout', count: '= 1' },
  ]) {
    const found = of(hops, clients, [fine, none, direct, check])
    t.same(found, { hop: 'hasty', client: 'gives_up', clients: ['gives_up'] }, JSON.stringify(check))
  }
  t.same(of(hops, clients, [fine, none]), { hop: 'patient', client: 'waits', clients: ['waits'] }, 'else the first')
})

test('the one that says so, and its client that is to fail', async (t) => {
  const hops = { first: proxy(), second: proxy({ under_test: true }) }
  const clients = { one: { to: 'first' }, two: { to: 'second' }, three: { to: 'second' } }
  const expect = ['one', 'three'].map((client) => ({ client, status: 502, count: '= 1' }))
  t.same(of(hops, clients, expect), { hop: 'second', client: 'three', clients: ['two', 'three'] })
})

test('clients of a proxy in front pass it; those who only take it for their gateway do, too', async (t) => {
  const hops = { lb: proxy(), edge: { kind: 'proxy', to: ['lb'] }, gw: { kind: 'gateway', to: ['app', 'lb'] } }
  const clients = {
    visitor: { to: 'edge' },
    astray: { to: 'app', through: { gateway: 'gw', port: 'lb' } },
    right: { to: 'app', through: { gateway: 'gw' } },
  }
  t.same(of(hops, clients, [{ origin: 'app', requests: '>= 0' }]), {
    hop: 'lb',
    client: 'visitor',
    clients: ['visitor', 'astray'],
  })
})

test('without a proxy it is the first client that is to fail', async (t) => {
  const clients = { one: { to: 'app' }, two: { to: 'app' } }
  const expect = [{ client: 'two', status: 500, count: '= 1' }]
  t.same(of({}, clients, expect), { hop: undefined, client: 'two', clients: ['one', 'two'] })
})
