/** One scenario on real sockets, from the first hop to the last request, into a journal. run.ts calls it. */
import type { Journal } from '../journal/events.js'
import type { Scenario } from '../scenario/schema.js'
import { version } from '../version.js'
import { roundMs, startTimer, stopTimer } from './clock.js'
import { type LagWatch, watchLag } from './lag.js'
import type { StandIn } from './proxies/stand_in.js'
import { startSite } from './start.js'
import { runClients, startLoadThread } from './thread/load_thread.js'

/**
 * Resolves when every client is done, the time limit is over, something broke, or the signal was aborted, and
 * everything is closed again. What went wrong stands in the journal.
 * @param scenario one turn, where its clients run in turn
 * @throws CannotRunError when a fixed port is taken
 */
export async function runLoad(
  scenario: Scenario,
  journal: Journal,
  signal?: AbortSignal,
  standIn?: StandIn,
): Promise<void> {
  const stop = new AbortController()
  const thread = startLoadThread()
  const site = await startSite(scenario, journal, () => stop.abort(), standIn)
  const abort = () => stop.abort()
  if (signal?.aborted) abort()
  signal?.addEventListener('abort', abort, { once: true })
  const limit = startTimer(scenario.time_limit, () =>
    site.broken(`took longer than time_limit, ${scenario.time_limit} ms`),
  )
  const { id, seed, in_turn } = scenario
  const client = in_turn ? Object.keys(scenario.clients)[0] : undefined
  let lag: LagWatch | undefined
  try {
    journal({ event: 'run', t: site.now(), scenario: id, seed, client, engine: 'live', version, node: process.version })
    await thread.ready
    await site.beginLoad()
    lag = watchLag()
    await runClients(site, scenario.clients, stop.signal)
    await site.endLoad(stop.signal)
  } finally {
    stopTimer(limit)
    if (lag) journal({ event: 'lag', t: site.now(), max_ms: roundMs(lag.stop().maxMs) })
    signal?.removeEventListener('abort', abort)
    await site.scope.close()
    journal({ event: 'end', t: site.now(), interrupted: signal?.aborted ? true : undefined })
  }
}
