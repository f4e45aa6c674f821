/** Metrics of cost: connections, and how evenly attempts are spread over the clients that share a load. */
import { group, ratio } from './metric.js'

interface State {
  opened: number
  untold: number
  /** Attempts by instance. */
  perInstance: Map<number, number>
}

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
  values({ opened, untold, perInstance }, { requests }) {
    const counts = [...perInstance.values()].sort((a, b) => a - b)
    const middle =
      ((counts[Math.floor((counts.length - 1) / 2)] ?? 0) + (counts[Math.ceil((counts.length - 1) / 2)] ?? 0)) / 2
    return {
      connections_per_request: untold > 0 ? null : ratio(opened, requests),
      fairness: counts.length < 2 ? null : ratio(counts.at(-1)!, middle),
    }
  },
})
