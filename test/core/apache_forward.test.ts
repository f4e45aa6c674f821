/** Apache's rules for one request: whom it asks after a failure, how often, and what it does where a server is full. */
import { test } from 'tap'
import type { z } from 'zod'
import type { Failure } from '../../src/core/failure.js'
import { createBalancer } from '../../src/core/proxy/balancers/index.js'
import type { FailedTry, Forward, ForwardAction } from '../../src/core/proxy/forward.js'
import { createForwarding, forwards } from '../../src/core/proxy/forwards/index.js'
import { passiveHealth, watchServers } from '../../src/core/proxy/passive_health/index.js'
import { groupServers } from '../../src/core/proxy/servers.js'
import { chanceFrom } from '../../src/lib/random.js'
import { balancerOf, requestOf, type ServerInput, serverOf, triedBy } from './balanced.js'

type Health = Omit<z.input<typeof passiveHealth.apache.schema>, 'type'>

interface Input {
  max_attempts?: number
  health?: Health
  mayWait?: boolean
}

function begun(inputs: ServerInput[], { max_attempts, health, mayWait = false }: Input = {}) {
  const servers = groupServers(
    inputs.map((input, index) => serverOf({ max_fails: 1, fail_timeout: '60s', ...input }, index)),
  )
  const chance = chanceFrom(1)
  watchServers(passiveHealth.apache.schema.parse({ type: 'apache', ...health }), servers, chance)
  const begin = createForwarding(forwards.apache.schema.parse({ type: 'apache', max_attempts }), {
    config: { nextUpstream: [], tries: 0, timeoutMs: undefined, mayWait, tellsLast: true },
    servers,
    balancer: createBalancer(balancerOf('round_robin'), servers, chance),
    balance: 'round_robin',
    mayWait,
    tellsLast: true,
    connectMs: 5000,
    chance,
  })
  return { begin: (more = {}) => begin(requestOf(more)), servers: servers.all }
}

const refused: FailedTry = triedBy('refused', {
  failure: { ...triedBy('refused').failure, type: 'connection_refused' },
})
const at = (stage: Failure['stage'], more: Partial<FailedTry> = {}): FailedTry =>
  triedBy('closed', { failure: { ...triedBy('closed').failure, stage }, requestWritten: true, ...more })
const words = (action: ForwardAction | undefined) => (action?.do === 'try' ? action.server : action?.do)

/** No connection can be made anywhere: what it does until it answers, and for what. */
function course(forward: Forward, now = 0): (string | number | undefined)[] {
  const told: (string | number | undefined)[] = []
  let action = forward.start(now)
  for (; action.do === 'try'; action = forward.failed(refused, now)) told.push(action.server)
  if (action.do === 'answer') told.push(action.failure.stage)
  return told
}

test('maxattempts: one less than there are servers, those that are disabled or standing by among them', async (t) => {
  t.strictSame(course(begun([{}, {}, {}]).begin()), [0, 1, 2, 'connect'])
  t.strictSame(course(begun([{}, {}, {}], { max_attempts: 1 }).begin()), [0, 1, 'connect'])
  t.strictSame(course(begun([{}, {}], { max_attempts: 0 }).begin()), [0, 'connect'])
  t.strictSame(course(begun([{}, {}, { backup: true }]).begin()), [0, 1, 2, 'connect'])
  const forced = begun([{}, { backup: true }], { max_attempts: 3 }).begin()
  t.strictSame(course(forced), [0, 1, 0, 1, 'connect'], 'those that are all in error state are asked again')
  t.strictSame(course(begun([{}]).begin()), [0, 'connect'], 'a server by itself has no attempts')
  t.strictSame(course(begun([{}], { max_attempts: 5 }).begin()), [0, 'connect'])
})

test('forcerecovery: with all in error state all are asked, in their turn; but not while one is disabled', async (t) => {
  const two = begun([{}, {}])
  t.strictSame(
    [1, 2, 3].map(() => course(two.begin())),
    [
      [0, 1, 'connect'],
      [1, 0, 'connect'],
      [0, 1, 'connect'],
    ],
  )
  const off = begun([{}, {}], { health: { force_recovery: false } })
  t.strictSame([course(off.begin()), course(off.begin())], [[0, 1, 'connect'], ['select']])
  t.strictSame(course(off.begin(), 60_000), [1, 0, 'connect'], 'once retry is over')
  const disabled = begun([{}, { down: true }])
  t.strictSame([course(disabled.begin()), course(disabled.begin())], [[0, 'select'], ['select']])
})

test('what fails after a connection was made is answered for, whatever it is', async (t) => {
  for (const last of [at('request'), at('response_head'), at('response_head', { reused: true })]) {
    const forward = begun([{}, {}]).begin()
    forward.start(0)
    t.match(forward.failed(last, 0), { do: 'answer', failure: { stage: last.failure.stage } })
    t.equal(forward.turned, undefined)
  }
  const begin = begun([{}, {}]).begin()
  begin.start(0)
  t.match(begin.failed(at('response_body', { responseBegun: true }), 0), { do: 'cut' })
})

test('TLS that fails, and a name that has no address, are a 500: no other server, and an error of this one', async (t) => {
  for (const stage of ['tls', 'dns'] as const) {
    const { begin } = begun([{}, {}])
    const forward = begin()
    forward.start(0)
    t.match(forward.failed(at(stage), 0), { do: 'answer' })
    t.equal(forward.turned, 'excluded')
    t.strictSame([words(begin().start(0)), words(begin().start(0))], [1, 1])
  }
})

test('one that is reset as soon as it is there was written to by then', async (t) => {
  const { begin } = begun([{}, {}])
  const forward = begin()
  forward.start(0)
  t.match(forward.failed(triedBy('reset'), 0), { do: 'answer', failure: { stage: 'connect' } })
  t.equal(forward.turned, undefined)
})

test('a POST moves on like any other request, as long as nothing of it is gone', async (t) => {
  const { begin } = begun([{}, {}, {}])
  const forward = begin({ method: 'POST' })
  t.equal(words(forward.start(0)), 0)
  t.equal(words(forward.failed(refused, 0)), 1)
  t.match(forward.failed({ ...refused, replayable: false }, 0), { do: 'answer' })
})

test('a full server is chosen like any other: its connections are waited for, and that it has none in time is its error', async (t) => {
  const { begin, servers } = begun([{ max_conns: 1 }, {}], { mayWait: true })
  const [first, second, waits] = [begin(), begin(), begin()]
  t.strictSame([words(first.start(0)), words(second.start(0))], [0, 1])
  t.match(waits.start(0), { do: 'wait', choosy: true })
  t.match(waits.start(100), { do: 'wait' })
  t.match(waits.waited!(200), { do: 'pass', failure: { type: 'connection_limit_reached', stage: 'select' } })
  t.equal(words(waits.start(200)), 1)
  t.equal(servers[0]!.fails, 1)
  first.done(300, 300)
  t.strictSame([words(begin().start(300)), words(begin().start(300))], [1, 1], 'in error state for a minute')
  const alone = begun([{ max_conns: 1 }], { mayWait: true })
  const [one, other] = [alone.begin(), alone.begin()]
  one.start(0)
  other.start(0)
  one.done(10, 10)
  t.equal(words(other.start(10)), 0, 'it has room again')
  const late = alone.begin()
  late.start(10)
  t.match(late.waited!(20), { do: 'answer', failure: { type: 'connection_limit_reached' } })
})

test('where nothing may wait, a full server is an error at once', async (t) => {
  const { begin } = begun([{ max_conns: 1 }, { max_conns: 1 }])
  begin().start(0)
  begin().start(0)
  const third = begin()
  t.match(third.start(0), { do: 'pass', failure: { stage: 'select' } })
  t.match(third.start(0), { do: 'answer', failure: { type: 'connection_limit_reached' } })
})

test('who waits and leaves, waits for nothing any more', async (t) => {
  const { begin, servers } = begun([{ max_conns: 1 }, {}], { mayWait: true })
  begin().start(0)
  begin().start(0)
  const waits = begin()
  waits.start(0)
  waits.done(10)
  t.strictSame(
    servers.map(({ conns }) => conns),
    [1, 1],
  )
})
