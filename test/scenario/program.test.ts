/** A scenario that a program passes: the same problems without lines, and what only a file that is run must have. */
import fc from 'fast-check'
import { test } from 'tap'
import { ScenarioError } from '../../src/lib/errors.js'
import { checkScenario } from '../../src/scenario/parse.js'
import { problemsIn } from './problems.js'

const problemsOf = (input: unknown, runnable = false): string[] => problemsIn(() => checkScenario(input, { runnable }))

const hops = { app: { kind: 'origin' }, lb: { kind: 'proxy', to: ['app'] } }
const small = { id: 'rig', title: 'a rig', hops }

test('defaults are filled in, and words become objects', async (t) => {
  const input = { ...small, $schema: 'x', faults: [{ id: 'rst', on: 'app', at: 'request_head', effect: 'reset' }] }
  const scenario = checkScenario(input, { runnable: false })
  t.strictSame(scenario, {
    id: 'rig',
    title: 'a rig',
    tags: [],
    sources: [],
    seed: 1,
    time_limit: 60_000,
    alone: false,
    in_turn: false,
    recovery: { hold: 1000, goodput: 0.95 },
    hops: {
      app: {
        kind: 'origin',
        socket: false,
        dns: { ttl: 60_000 },
        tls: false,
        response: { status: 200, headers: {}, echo: false, framing: 'content-length' },
        request_framing: { without_length: 'accept', unknown_coding: 'accept' },
        websocket: false,
        health: '/health',
      },
      lb: {
        kind: 'proxy',
        dns: { ttl: 60_000 },
        tls: false,
        to: [
          {
            hop: 'app',
            scheme: undefined,
            port: undefined,
            weight: 1,
            max_fails: 0,
            fail_timeout: 10_000,
            max_conns: 0,
            backup: false,
            down: false,
            slow_start: 0,
            max_queue: 0,
          },
        ],
        keepalive: { connections: 1024, idle: 60_000, requests: 1000 },
        dialect: 'rfc9209',
        under_test: false,
        upstream_tls: { verify: true, client_certificate: false },
        balance: { type: 'round_robin' },
        forwarding: { type: 'nginx' },
        passive_health: { type: 'nginx' },
        next_upstream: ['error', 'timeout'],
        tries: 0,
        timeouts: { connect: 60_000, send: 60_000, read: 60_000, client: 300_000, reply: 60_000 },
      },
    },
    clients: {},
    faults: [{ id: 'rst', on: 'app', at: { type: 'request_head' }, effect: { type: 'reset' }, per: 'all' }],
    expect: [],
  })
})

test('a rig needs no client and no expectation, a run needs both', async (t) => {
  t.strictSame(problemsOf(small), [])
  t.strictSame(problemsOf(small, true), [
    'clients: expected at least one client: without any, nothing happens',
    "expect: expected at least one expectation: a scenario without any can't fail",
  ])
})

test('a hop that no client reaches is a problem only where clients make the requests', async (t) => {
  const spare = {
    ...small,
    hops: { ...hops, spare: { kind: 'origin' } },
    clients: { plain: { to: 'lb' } },
    expect: [{ client: 'plain', truncated: 0 }],
  }
  t.strictSame(problemsOf(spare), [])
  t.strictSame(problemsOf(spare, true), ['hops.spare: no client reaches the hop "spare"'])
})

test('problems have a path and no place', async (t) => {
  t.strictSame(problemsOf({ ...small, hops: { ...hops, app: { kind: 'orign' } }, seed: -1 }), [
    'seed: expected at least 0; got -1',
    'hops.app.kind: unknown kind "orign", did you mean "origin"?',
  ])
  t.strictSame(problemsOf(undefined), ['expected a mapping; got nothing'])
})

test('names of what every object has are names like any other', async (t) => {
  const named = (name: string) => ({
    ...small,
    hops: { [name]: { kind: 'origin' } },
    clients: { plain: { to: 'app' } },
  })
  t.strictSame(problemsOf(named('constructor')), ['clients.plain.to: unknown hop "app", expected one of: constructor'])
  const effect = { id: 'rst', on: 'app', at: 'toString', effect: 'constructor' }
  t.strictSame(problemsOf({ ...small, faults: [effect] }).length, 2)
})

test('whatever is passed, it is a scenario or a ScenarioError', async (t) => {
  const section = fc.anything({ maxDepth: 3, withNullPrototype: true })
  const anything = fc.oneof(
    fc.anything(),
    fc.record({ hops: section, clients: section, faults: fc.array(section), expect: fc.array(section) }),
    fc.array(section).map((faults) => ({ ...small, faults })),
  )
  fc.assert(
    fc.property(anything, (input) => {
      try {
        checkScenario(input, { runnable: true })
        return false
      } catch (error) {
        return error instanceof ScenarioError && error.problems.length > 0
      }
    }),
    { numRuns: 1000, seed: 1 },
  )
  t.pass()
})
