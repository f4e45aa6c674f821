/** The thread of one saturation: autocannon until its time is up or a word comes, then what it counted. saturation.ts starts it. */
import { parentPort, workerData } from 'node:worker_threads'
import autocannon from 'autocannon'
import { createLatency } from '../../journal/latency.js'

export interface Saturation {
  url: string
  /** Of a unix socket, instead of the authority of the URL. */
  socketPath: string | undefined
  servername: string | undefined
  method: string
  headers: Record<string, string>
  body: string | undefined
  connections: number
  pipelining: number
  forMs: number
}

/** Counts of requests. */
export interface Saturated {
  sent: number
  answered: number
  /** By status: { "200": 3 }. */
  statuses: Record<string, number>
  /** Connections that ended with an error, and timeouts. */
  errors: number
  /** Of what was answered, from the moment of sending. */
  latency_p50_ms: number
  latency_p99_ms: number
}

/** autocannon looks at the clock this often. */
const SAMPLE_MS = 50

const { forMs, method, socketPath, servername, body, ...order } = workerData as Saturation
const latency = createLatency()
const options = {
  ...order,
  method: method as autocannon.Options['method'] & string,
  duration: forMs / 1000,
  sampleInt: Math.min(SAMPLE_MS, Math.ceil(forMs)),
  idReplacement: true,
  ...(body !== undefined && { body }),
  ...(socketPath !== undefined && { socketPath }),
  ...(servername !== undefined && { servername }),
}
const instance = autocannon(options as autocannon.Options, (error, result) => {
  if (error) throw error
  const counted = result as unknown as Counted
  parentPort!.postMessage({
    sent: counted.totalRequests,
    answered: counted.totalCompletedRequests,
    statuses: Object.fromEntries(Object.entries(counted.statusCodeStats).map(([code, { count }]) => [code, count])),
    errors: counted.errors,
    latency_p50_ms: latency.percentileMs(50),
    latency_p99_ms: latency.percentileMs(99),
  } satisfies Saturated)
})
instance.on('response', (_client, _status, _bytes, ms) => latency.record(ms))
parentPort!.on('message', () => instance.stop())

/** What autocannon gives in a thread: not put together from several, as its types have it. */
interface Counted {
  totalRequests: number
  totalCompletedRequests: number
  statusCodeStats: Record<string, { count: number }>
  errors: number
}
