/**
 * Envoy's circuit breakers: how much a proxy may have going on at once with all of its servers, for connections, requests
 * that wait for one, requests and retries (resource_manager_impl.h, conn_pool_base.cc). One for each proxy; the rules of
 * forwarding ask and tell it. What it turns away is an overflow, which no server is blamed for and nothing retries.
 */
import { z } from 'zod'
import { share } from '../../../lib/quantity.js'

const limit = (count: number, description: string) => z.int().min(0).default(count).meta({ description })

export const circuitBreakersSchema = z.strictObject({
  max_connections: limit(1024, 'Connections to all servers; a request that would need one more waits'),
  max_pending_requests: limit(1024, 'Requests that wait for a connection'),
  max_requests: limit(1024, 'Requests at servers'),
  max_retries: limit(3, 'Retries under way; a retry_budget stands in its place'),
  retry_budget: z
    .strictObject({
      budget_percent: share().prefault('20%').meta({ description: 'Of the requests at servers or waiting' }),
      min_retry_concurrency: limit(3, 'So many retries whatever the percentage'),
    })
    .optional()
    .meta({ description: 'Retries by what else is under way; max_retries alone if absent' }),
})

export type CircuitBreakersConfig = z.output<typeof circuitBreakersSchema>

/** `wait`: every connection that may be is in use. */
export type Admission = 'send' | 'wait' | 'overflow'

export class CircuitBreakers {
  /** Each request at a server has a connection to itself: HTTP/1. */
  requests = 0
  pending = 0
  retries = 0

  constructor(private readonly config: CircuitBreakersConfig) {}

  /** A request that waits already takes no place anew. */
  admits(waiting = false): Admission {
    const { max_connections, max_pending_requests, max_requests } = this.config
    if (this.requests >= max_requests) return 'overflow'
    // One connection may be, whatever the limit: nothing could ever be sent else.
    if (this.requests < Math.max(1, max_connections)) return 'send'
    return waiting || this.pending < max_pending_requests ? 'wait' : 'overflow'
  }

  get mayRetry(): boolean {
    return this.retries < this.mostRetries
  }

  get mostRetries(): number {
    const { max_retries, retry_budget } = this.config
    if (!retry_budget) return max_retries
    const { budget_percent, min_retry_concurrency } = retry_budget
    // A share is a decimal fraction: 0.29 of a hundred is 29.
    return Math.max(Math.floor(budget_percent * (this.requests + this.pending) + 1e-9), min_retry_concurrency)
  }
}
