/** Envoy's circuit breakers: their defaults, what each turns away, and the budget of retries for any load. */
import fc from 'fast-check'
import { test } from 'tap'
import type { z } from 'zod'
import { CircuitBreakers, circuitBreakersSchema } from '../../../src/core/proxy/envoy/circuit_breakers.js'

type Input = z.input<typeof circuitBreakersSchema>

function breakersOf(input: Input, counts: Partial<Record<'requests' | 'pending' | 'retries', number>> = {}) {
  return Object.assign(new CircuitBreakers(circuitBreakersSchema.parse(input)), counts)
}

test('the defaults are Envoy’s', async (t) => {
  const limits = { max_connections: 1024, max_pending_requests: 1024, max_requests: 1024, max_retries: 3 }
  t.strictSame(circuitBreakersSchema.parse({}), limits)
  t.strictSame(circuitBreakersSchema.parse({ retry_budget: {} }), {
    ...limits,
    retry_budget: { budget_percent: 0.2, min_retry_concurrency: 3 },
  })
})

test('a request is sent, waits for a connection, or is one too many', async (t) => {
  const admits = (input: Input, requests: number, pending = 0, waiting = false) =>
    breakersOf(input, { requests, pending }).admits(waiting)
  t.equal(admits({}, 1023), 'send')
  t.equal(admits({}, 1024), 'overflow', 'requests and connections are as many')
  t.equal(admits({ max_connections: 2 }, 1), 'send')
  t.equal(admits({ max_connections: 2 }, 2), 'wait')
  t.equal(admits({ max_connections: 2, max_pending_requests: 3 }, 2, 2), 'wait')
  t.equal(admits({ max_connections: 2, max_pending_requests: 3 }, 2, 3), 'overflow')
  t.equal(admits({ max_connections: 2, max_pending_requests: 3 }, 2, 3, true), 'wait', 'it is one of the three')
  t.equal(admits({ max_connections: 2, max_pending_requests: 0 }, 2), 'overflow')
  t.equal(admits({ max_requests: 5 }, 4), 'send')
  t.equal(admits({ max_requests: 5 }, 5), 'overflow', 'nobody waits for a place among requests')
  t.equal(admits({ max_connections: 0 }, 0), 'send', 'one connection may always be')
  t.equal(admits({ max_connections: 0 }, 1), 'wait')
})

test('retries: three, or what the budget has', async (t) => {
  const may = (input: Input, retries: number, requests = 0, pending = 0) =>
    breakersOf(input, { requests, pending, retries }).mayRetry
  t.equal(may({}, 2), true)
  t.equal(may({}, 3, 1000), false, 'whatever else is under way')
  t.equal(may({ max_retries: 0 }, 0), false)
  const retry_budget = {}
  t.equal(may({ retry_budget }, 2), true, 'the least is three')
  t.equal(may({ retry_budget }, 3, 15), false)
  t.equal(may({ retry_budget }, 3, 19), false)
  t.equal(may({ retry_budget }, 3, 20), true)
  t.equal(may({ retry_budget }, 3, 5, 15), true, 'those that wait are under way')
  t.equal(may({ retry_budget, max_retries: 100 }, 3), false, 'max_retries does not count beside it')
  t.equal(may({ retry_budget: { budget_percent: '29%' } }, 28, 100), true)
  t.equal(may({ retry_budget: { budget_percent: '29%' } }, 29, 100), false)
})

test('for any load: as many retries as may be are within the budget, and one more is not', async (t) => {
  const budget = fc.record({ percent: fc.nat(100), least: fc.nat(10) })
  fc.assert(
    fc.property(budget, fc.nat(500), fc.nat(500), ({ percent, least }, requests, pending) => {
      const retry_budget = { budget_percent: `${percent}%` as const, min_retry_concurrency: least }
      const breakers = breakersOf({ retry_budget }, { requests, pending })
      while (breakers.mayRetry && breakers.retries < 2000) breakers.retries++
      const within = Math.max(Math.floor((percent * (requests + pending)) / 100), least)
      return breakers.retries === within
    }),
    { seed: 8 },
  )
  t.pass()
})
