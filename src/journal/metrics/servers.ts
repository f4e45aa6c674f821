/** Metrics counted at the origins, by the id of the logical request: what arrived there, and what the work was good for. */
import { usedWork } from '../ledger/account.js'
import { group, ratio } from './metric.js'

interface State {
  arrived: number
  most: number
  good: number
  completed: number
  busyMs: number
  usedMs: number
}

const TOLD = 'without requests, or where servers cannot tell whose they are'

export const servers = group({
  metrics: {
    server_requests: {
      unit: 'count',
      better: 'lower',
      says: 'Requests that origins read, health checks left out',
      none: TOLD,
    },
    server_amplification: {
      unit: 'number',
      better: 'lower',
      says: 'server_requests / requests: end to end, with what proxies on the way tried again',
      none: TOLD,
      source: 'Google SRE book, chapter 22: layers multiply',
    },
    server_requests_max: {
      unit: 'count',
      better: 'lower',
      says: 'Requests that origins read of one request, at most',
      none: TOLD,
    },
    throughput_rps: {
      unit: 'per_second',
      better: 'higher',
      says: 'Requests that origins worked off, whoever still waited for it / the seconds of effective_rps',
      none: TOLD,
      source: 'Bronson et al., Metastable Failures in Distributed Systems, HotOS 2021',
    },
    goodput_rps: {
      unit: 'per_second',
      better: 'higher',
      says: 'Requests that ended well / the seconds of effective_rps. A cache on the way may lift it above throughput',
      none: 'without requests',
      source: 'HotOS 2021: completed, and still wanted',
    },
    server_busy_ms: {
      unit: 'duration',
      better: 'lower',
      says: 'Time that workers of origins spent on requests, waiting for a lock included',
      none: 'where no origin has workers',
    },
    wasted_work_ratio: {
      unit: 'share',
      better: 'lower',
      says: 'Of server_busy_ms, the part whose result no request used: its client had left, or had another answer, or failed',
      none: 'where no origin has workers',
    },
  },
  start: (): State => ({ arrived: 0, most: 0, good: 0, completed: 0, busyMs: 0, usedMs: 0 }),
  request(state, { ok }) {
    if (ok) state.good++
  },
  settled(state, account) {
    const { served } = account
    state.arrived += served.length
    state.most = Math.max(state.most, served.length)
    let busy = 0
    for (const one of served) {
      if (one.completed) state.completed++
      busy += one.busy ?? 0
    }
    if (busy === 0) return
    state.busyMs += busy
    state.usedMs += usedWork(account)?.busy ?? 0
  },
  values({ arrived, most, good, completed, busyMs, usedMs }, { requests, seconds, counted }) {
    const told = counted && requests > 0
    return {
      server_requests: told ? arrived : null,
      server_amplification: told ? arrived / requests : null,
      server_requests_max: told ? most : null,
      throughput_rps: told ? ratio(completed, seconds) : null,
      goodput_rps: ratio(good, seconds),
      server_busy_ms: busyMs > 0 ? busyMs : null,
      // Sums of rounded durations may differ by their last digit.
      wasted_work_ratio: busyMs > 0 ? Math.max(0, (busyMs - usedMs) / busyMs) : null,
    }
  },
})
