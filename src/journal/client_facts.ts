/** What is known of a client, by its attempts and requests and by what servers saw of them. The reducer calls it. */
import type { AttemptEvent, RequestEvent } from './events.js'
import type { Account } from './ledger/account.js'
import { type ClientMetrics, createMetricsFold, type RunSetting } from './metrics/index.js'
import { type Counts, createTally, type LineFacts, lineFacts } from './tally.js'

export interface ClientFacts {
  metrics: ClientMetrics
  /** Fewest and most body bytes that an attempt brought; null without attempts. */
  bytes: { min: number; max: number } | null
  /** The Proxy-Status fields that attempts brought. */
  proxyStatuses: LineFacts
  /** Their Server headers. */
  servers: LineFacts
  /** Of attempts whose response was an error: the layers that their headers lay it to. */
  layers: Counts
}

export function createClientFold() {
  const metrics = createMetricsFold()
  const [proxyStatuses, servers, layers] = [createTally(), createTally(), createTally()]
  let bytes: ClientFacts['bytes'] = null
  return {
    attempt(event: AttemptEvent) {
      metrics.attempt(event)
      if (bytes === null) bytes = { min: event.bytes, max: event.bytes }
      else {
        bytes.min = Math.min(bytes.min, event.bytes)
        bytes.max = Math.max(bytes.max, event.bytes)
      }
      if (event.proxy_status !== undefined) proxyStatuses.add(event.proxy_status)
      if (event.server !== undefined) servers.add(event.server)
      if (event.blame) layers.add(event.blame.layer)
    },
    request: (event: RequestEvent) => metrics.request(event),
    settled: (account: Account) => metrics.settled(account),
    facts: (run: RunSetting, open: readonly Account[]): ClientFacts => ({
      metrics: metrics.metrics(run, open),
      bytes: bytes && { ...bytes },
      proxyStatuses: lineFacts(proxyStatuses),
      servers: lineFacts(servers),
      layers: layers.counts(),
    }),
  }
}
