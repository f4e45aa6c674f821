/**
 * All that is told of one logical request, by those who sent it and by those who read it, until everything is accounted
 * for. The ledger keeps one for each; agreement and metrics read it. Times are milliseconds since the load's start.
 */
import type { AttemptEvent, ForwardEvent, RequestEvent, ServedEvent } from '../events.js'

export interface Account {
  id: string
  /** Undefined until a client told of it. */
  client: string | undefined
  attempts: Told[]
  /** What origins read of it, in the order in which they told. */
  served: Seen[]
  /** Proxies' connections: the client's end of it, and the proxy's own of the last try. */
  passed: [peer: string | undefined, local: string | undefined][]
  ended: Ended | undefined
  /** At least, and at most, so many reached the reader of that number; and so many it saw. */
  low: number[]
  high: number[]
  seen: number[]
  /** Health checks, or what looks like one, of that id. */
  asked: number[]
  /** Exits of gateways that it went through, in the order in which that was told. */
  exits: Through[]
  /** Operations applied for it, and how many of these had been applied before; undefined where nobody counts them. */
  operations: { applied: number; again: number } | undefined
}

export interface Through {
  exit: string
  /** A whole response with a status below 400. */
  ok: boolean
  /** Who told. */
  by: 'gateway' | 'client'
}

export interface Told {
  n: number
  start: number
  end: number
  won: boolean
  local: string | undefined
}

export interface Seen {
  arrived: number
  end: number
  peer: string
  answered: boolean
  /** Worker and lock; undefined where no worker finished it. */
  busy: number | undefined
  queued: number | undefined
  /** The work was done. */
  completed: boolean
  bytes: number
  crc: number | undefined
  retryAfter: number | undefined
}

export interface Ended {
  t: number
  ms: number
  ok: boolean
  attempts: number
  refused: string | undefined
}

export const openAccount = (id: string): Account => ({
  id,
  client: undefined,
  attempts: [],
  served: [],
  passed: [],
  ended: undefined,
  low: [],
  high: [],
  seen: [],
  asked: [],
  exits: [],
  operations: undefined,
})

export const told = ({ attempt, t, ms, decision, cancelled, local }: AttemptEvent): Told => ({
  n: attempt,
  start: t - ms,
  end: t,
  won: decision === 'success' && !cancelled,
  local,
})

export const seen = (event: ServedEvent): Seen => ({
  arrived: event.t - event.ms,
  end: event.t,
  peer: event.peer,
  answered: event.outcome === 'answered',
  busy: event.worked_ms === undefined ? undefined : event.worked_ms + (event.locked_ms ?? 0),
  queued: event.queued_ms,
  completed: event.outcome === 'answered' || event.outcome === 'wasted',
  bytes: event.request_bytes,
  crc: event.body_crc,
  retryAfter: event.retry_after_ms,
})

export const passed = ({ peer, tries }: ForwardEvent): [string | undefined, string | undefined] => [
  peer,
  tries.at(-1)?.local,
]

/** Of each of its tries through an exit. */
export const throughOf = ({ tries }: ForwardEvent): Through[] =>
  tries.flatMap(({ exit, status, failure }) => {
    if (exit === undefined) return []
    const ok = failure === undefined && status !== undefined && status < 400
    return [{ exit, ok, by: 'gateway' as const }]
  })

export const ended = ({ t, ms, ok, attempts, refused }: RequestEvent): Ended => ({ t, ms, ok, attempts, refused })

/** The one that brought the answer, where there was one. */
export const winner = ({ attempts, ended }: Account): Told | undefined =>
  ended?.ok ? (attempts.find(({ won }) => won) ?? attempts.at(-1)) : undefined

/**
 * The work whose result was used: found by the connections that the answer came over; where they can't be followed (a
 * relay stands between), the answer that was complete at the time nearest to the client's.
 */
export function usedWork(account: Account): Seen | undefined {
  const won = winner(account)
  if (!won) return undefined
  const answers = account.served.filter(({ answered, arrived }) => answered && arrived <= won.end)
  const ends = connectionsOf(account, won.local)
  const followed = answers.filter(({ peer }) => ends.has(peer))
  if (followed.length > 0) return followed.reduce((last, one) => (one.arrived > last.arrived ? one : last))
  const distance = ({ end }: Seen): number => Math.abs(end - won.end)
  return answers.reduce<Seen | undefined>(
    (best, one) => (best && distance(best) <= distance(one) ? best : one),
    undefined,
  )
}

/** The client's end, and those of proxies behind it, one after the other. */
function connectionsOf({ passed }: Account, local: string | undefined): ReadonlySet<string> {
  const ends = new Set<string>()
  let next = local
  while (next !== undefined && !ends.has(next)) {
    ends.add(next)
    const here: string = next
    next = passed.findLast(([peer]) => peer === here)?.[1]
  }
  return ends
}
