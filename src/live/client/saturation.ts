/**
 * Saturation in the background: autocannon keeps so many connections busy, in a thread of its own, lest it delays those
 * who are measured. Its requests are marked: no hop counts them among the work. client.ts calls it.
 */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { SaturationEvent } from '../../journal/events.js'
import { InvariantError } from '../../lib/errors.js'
import type { ClientConfig } from '../../scenario/clients.js'
import { saturationAgent } from '../check_mark.js'
import { roundMs } from '../clock.js'
import { compiled } from '../compiled.js'
import { formatAddress, type Site, type Target } from '../site.js'
import type { Saturated, Saturation } from './saturation_thread.js'

/** Resolves when its time is up, or soon after an abort; the journal has what it came to. */
export async function saturate(
  site: Site,
  client: string,
  { request }: ClientConfig,
  load: Extract<ClientConfig['load'], { saturate: number }>,
  target: Target,
  signal: AbortSignal,
): Promise<void> {
  const { saturate: connections, pipelining } = load
  const scheme = target.servername === undefined ? 'http' : 'https'
  const order: Saturation = {
    url: `${scheme}://${target.path === undefined ? formatAddress(target) : 'localhost'}${request.path}`,
    socketPath: target.path,
    servername: target.servername,
    method: request.method,
    headers: {
      ...request.headers,
      // autocannon puts a word of its own there, another one in each request.
      'X-Request-Id': `${client}-[<id>]`,
      'User-Agent': saturationAgent,
    },
    body: request.size === undefined ? request.body : 'badgateway '.repeat(request.size).slice(0, request.size),
    connections,
    pipelining,
    forMs: load.for,
  }
  const started = site.now()
  const worker = new Worker(compiled('client/saturation_thread.js'), { workerData: order, execArgv: [], env: {} })
  const stop = () => worker.postMessage('stop')
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  try {
    const [saturated] = (await once(worker, 'message')) as [Saturated]
    if (!signal.aborted) site.journal(eventOf(site, client, connections, started, saturated))
  } catch (error) {
    throw new InvariantError(`the saturation of client "${client}" failed: ${(error as Error).message}`)
  } finally {
    signal.removeEventListener('abort', stop)
    await worker.terminate()
  }
}

function eventOf(site: Site, client: string, connections: number, started: number, seen: Saturated): SaturationEvent {
  const t = site.now()
  const ms = t - started
  return {
    event: 'saturation',
    t,
    client,
    connections,
    ...seen,
    rate_reached: roundMs((seen.answered * 1000) / ms),
    latency_p50_ms: roundMs(seen.latency_p50_ms),
    latency_p99_ms: roundMs(seen.latency_p99_ms),
    ms: roundMs(ms),
  }
}
