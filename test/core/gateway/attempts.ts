/** Observations for tests of diagnosis, written by hand: who got what, in turn. */
import type { DiagnosedPool } from '../../../src/core/gateway/diagnosis/index.js'
import type { Observation } from '../../../src/core/gateway/observation.js'

export type Got = Pick<Observation, 'ok'> & Partial<Observation>

export const served: Got = { ok: true, status: 200, ms: 5 }
export const reset: Got = { ok: false, error: 'connection_terminated', stage: 'tls', ms: 2 }
export const refused: Got = { ok: false, error: 'connection_refused', stage: 'connect', ms: 1 }
export const busy: Got = { ok: false, status: 503, ms: 4 }
export const unauthorized: Got = { ok: false, status: 407, error: 'http_request_denied', stage: 'select', exit: '' }
export const noRoom: Got = { ok: false, status: 503, error: 'connection_limit_reached', stage: 'select', exit: '' }
export const edgePage: Got = { ok: false, status: 502, server: 'cloudflare', ms: 6 }

/** So many exits, four to a network. */
export function poolOf(count: number, profiles = ['usual']): DiagnosedPool {
  const exits = Array.from({ length: count }, (_, n) => {
    const network = `127.11.${Math.floor(n / 4)}`
    return { id: `${network}.${(n % 4) + 1}`, subnet: `${network}.0/24` }
  })
  return { exits, profiles }
}

/** Rounds of one attempt through each exit, ten milliseconds apart. */
export function attempts(
  pool: DiagnosedPool,
  rounds: number,
  got: (exit: number, round: number, profile: string) => Got,
): Observation[] {
  return Array.from({ length: rounds }, (_, round) =>
    pool.exits.map(({ id, subnet }, n) => {
      const t = (round * pool.exits.length + n) * 10
      const profile = pool.profiles[(round + n) % pool.profiles.length]!
      const seen = { t, target: 'shop.test:443', exit: id, subnet, tag: 'residential', profile, ms: 5 }
      const what = got(n, round, profile)
      return { ...seen, ...what, t: t + (what.ms ?? 5), subnet: what.exit === '' ? '' : subnet }
    }),
  ).flat()
}
