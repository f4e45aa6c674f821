/**
 * Metrics of cost: connections, how evenly attempts are spread over the clients that share a load, and what the thread
 * bears that all clients of a run share.
 */
import { group, ratio } from './metric.js'

interface State {
  opened: number
  untold: number
  /** Attempts by instance. */
  perInstance: Map<number, number>
}

/**
 * Failed attempts from which on it is told what stays of them: with its first requests the thread compiles and caches some
 * 500 KB, which with fewer would look like theirs.
 */
export const FEWEST_FAILURES = 5000

const SHARED = 'where clients of other scenarios ran beside them, or nobody tells'

/** More clients than this share no load here. */
const INSTANCES = 100_000

export const cost = group({
  metrics: {
    connections_per_request: {
      unit: 'number',
      better: 'lower',
      says: 'Connections that were opened for attempts / requests',
      none: 'without requests, or where a connection does not tell whether it had served before',
    },
    fairness: {
      unit: 'number',
      better: 'lower',
      says: 'Of clients that share a load (`instances`): the most attempts of one / the median',
      none: 'with fewer than two of them',
    },
    loop_delay_p99_ms: {
      unit: 'duration',
      better: 'lower',
      says:
        'Of the thread that all clients share: how late a timer rings that is due every 5 ms, whether the loop is busy then or not, 99th ' +
        'percentile. What clients of other scenarios do beside them is in it',
      none: 'where nobody tells',
    },
    heap_kb_per_1000_failures: {
      unit: 'number',
      better: 'lower',
      says:
        'Of the same thread: KB of heap that 1000 failed attempts of this run’s clients leave behind. The slope of a least-squares line ' +
        'through the heap in use after each full garbage collection: before the load, those that V8 makes meanwhile, and after it',
      none: `with fewer than ${FEWEST_FAILURES} failed attempts, ${SHARED}`,
    },
    timers_left: {
      unit: 'count',
      better: 'lower',
      says: 'Of the same thread: timers that ran when all requests were done and all connections closed, over those before',
      none: SHARED,
    },
    sockets_left: {
      unit: 'count',
      better: 'lower',
      says: 'Of the same thread: sockets that were open then, over those before',
      none: SHARED,
    },
  },
  start: (): State => ({ opened: 0, untold: 0, perInstance: new Map() }),
  attempt(state, { reused, connect_ms, instance }) {
    if (reused === undefined) state.untold++
    else if (!reused && connect_ms !== undefined) state.opened++
    if (instance === undefined) return
    const { perInstance } = state
    if (perInstance.size < INSTANCES || perInstance.has(instance))
      perInstance.set(instance, (perInstance.get(instance) ?? 0) + 1)
  },
  request({ perInstance }, { instance }) {
    // One whose every attempt was refused counts as well.
    if (instance !== undefined && !perInstance.has(instance) && perInstance.size < INSTANCES)
      perInstance.set(instance, 0)
  },
  values({ opened, untold, perInstance }, { requests, thread }) {
    const counts = [...perInstance.values()].sort((a, b) => a - b)
    const middle =
      ((counts[Math.floor((counts.length - 1) / 2)] ?? 0) + (counts[Math.ceil((counts.length - 1) / 2)] ?? 0)) / 2
    return {
      connections_per_request: untold > 0 ? null : ratio(opened, requests),
      fairness: counts.length < 2 ? null : ratio(counts.at(-1)!, middle),
      loop_delay_p99_ms: thread?.delay_p99_ms ?? null,
      heap_kb_per_1000_failures: slope(thread?.heap ?? []),
      timers_left: thread?.timers ?? null,
      sockets_left: thread?.sockets ?? null,
    }
  },
})

/** Of the line with the least squares, for 1000 failures. */
function slope(points: readonly (readonly [failed: number, kb: number])[]): number | null {
  const [first, last] = [points[0], points.at(-1)]
  if (!first || !last || last[0] - first[0] < FEWEST_FAILURES) return null
  const mean = (of: 0 | 1): number => points.reduce((sum, point) => sum + point[of], 0) / points.length
  const [failed, kb] = [mean(0), mean(1)]
  const along = points.reduce((sum, point) => sum + (point[0] - failed) * (point[1] - kb), 0)
  return (1000 * along) / points.reduce((sum, point) => sum + (point[0] - failed) ** 2, 0)
}
