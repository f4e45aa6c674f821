/** Apache's error state: what puts a server there, for how long, and what takes it out. */
import { test } from 'tap'
import type { z } from 'zod'
import type { Failure } from '../../src/core/failure.js'
import { type Ended, passiveHealth, watchServers } from '../../src/core/proxy/passive_health/index.js'
import { groupServers } from '../../src/core/proxy/servers.js'
import { chanceFrom } from '../../src/lib/random.js'
import { failureBy, type ServerInput, serverOf } from './balanced.js'

type Config = Omit<z.input<typeof passiveHealth.apache.schema>, 'type'>

function watched(inputs: ServerInput[], config: Config = {}) {
  const all = inputs.map((input, index) => serverOf({ max_fails: 1, fail_timeout: '10s', ...input }, index))
  watchServers(passiveHealth.apache.schema.parse({ type: 'apache', ...config }), groupServers(all), chanceFrom(1))
  return all
}

const ended = (more: Partial<Ended>): Ended => ({ status: undefined, failure: undefined, reused: false, ...more })
const failure = (manner: Failure['manner'], stage: Failure['stage']): Failure => ({
  ...failureBy(manner),
  type: 'connection_refused',
  stage,
})
const lost = ended({ failure: failure('refused', 'connect') })

test('one connection that could not be made is enough, and max_fails of 0 is a retry of no time', async (t) => {
  const [one, many, none] = watched([{}, { max_fails: 5 }, { max_fails: 0 }])
  t.equal(one!.passive.ended(true, lost, 100), 'excluded')
  t.equal(one!.passive.ended(true, lost, 200), undefined, 'it is there already, and for longer now')
  t.strictSame([one!.available(10_199), one!.fails, one!.available(10_200), one!.fails], [false, 1, true, 0])
  t.equal(many!.passive.ended(true, lost, 0), 'excluded')
  t.equal(none!.passive.ended(true, lost, 0), undefined)
  t.equal(none!.available(0), true)
})

test('what counts: no connection, none in time, no TLS, no address', async (t) => {
  const counts = (how: Ended, config: Config = {}) => watched([{}, {}], config)[0]!.passive.ended(true, how, 0)
  for (const stage of ['select', 'dns', 'connect', 'tls'] as const) {
    t.equal(counts(ended({ failure: failure('timeout', stage) })), 'excluded', stage)
  }
  for (const stage of ['request', 'response_head', 'response_body'] as const) {
    t.equal(counts(ended({ failure: failure('timeout', stage) })), undefined, stage)
  }
  t.equal(counts(ended({ failure: failureBy('reset') })), undefined, 'a connection that was lost again')
  t.equal(counts(ended({ status: 503 })), undefined)
  t.equal(counts(ended({ status: 503 }), { fail_on_status: [500, 503] }), 'excluded')
  t.equal(counts(ended({ status: 502 }), { fail_on_status: [500, 503] }), undefined)
})

test('it is well again with the first connection after that', async (t) => {
  const [one] = watched([{}, {}])
  one!.passive.ended(true, lost, 0)
  t.equal(one!.passive.ended(false, ended({ status: 200 }), 10), undefined, 'a request from before')
  t.equal(one!.available(10_000), true)
  t.equal(one!.passive.ended(false, ended({}), 10_000), undefined, 'the client left')
  t.equal(one!.passive.ended(false, ended({ status: 200 }), 10_000), 'recovered')
  t.equal(one!.passive.ended(false, ended({ status: 200 }), 10_000), undefined)
})

test('all in error state are taken out of it, unless one is not, or nobody wants that', async (t) => {
  const fail = (all: ReturnType<typeof watched>) => {
    for (const server of all) if (!server.config.down) server.passive.ended(true, lost, 0)
    return all.map((server) => server.available(1))
  }
  t.strictSame(fail(watched([{}, {}])), [true, true])
  t.strictSame(fail(watched([{}, { backup: true }])), [true, true])
  t.strictSame(fail(watched([{}, { down: true }])), [false, false], 'one that is disabled is in no error state')
  t.strictSame(fail(watched([{}, {}], { force_recovery: false })), [false, false])
  const gone = watched([{}, {}, {}])
  gone[2]!.leave()
  t.strictSame(fail(gone), [true, true, false], 'one that has left is no worker')
})

test('a server by itself is no member of a balancer, and has no error state', async (t) => {
  const [only] = watched([{}], { force_recovery: false })
  t.equal(only!.passive.ended(true, lost, 0), undefined)
  t.equal(only!.available(0), true)
})
