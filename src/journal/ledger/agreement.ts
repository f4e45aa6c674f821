/**
 * Whether what senders tell of a request agrees with what its readers saw: at each hop at least as many as brought a
 * response back, and at most as many as may have been written. Where nobody can tell, it is not judged.
 */
import { type Failure, type Stage, stages } from '../../core/failure.js'
import type { AttemptEvent, Try, TunnelUse } from '../events.js'
import type { Account } from './account.js'
import type { Addresses, Ways } from './ways.js'

const FIRST_WRITTEN = stages.indexOf('request')
const wroteIn = (stage: Stage): boolean => stages.indexOf(stage) >= FIRST_WRITTEN

/** Bytes of it may have reached the server. */
export function mayHaveReached(sent: AttemptEvent | Try): boolean {
  const { status, failure, reused, connect_ms, tls, tls_ms, tunnelled } = sent
  if (tunnelled && !isGranted(tunnelled)) return false
  if (status !== undefined) return true
  if (failure) return writtenBefore(failure, 'request_written' in sent ? sent.request_written : undefined)
  // It was left in the middle: as far as the connection had come.
  return reused !== false || (connect_ms !== undefined && (!tls || tls_ms !== undefined)) || !('client' in sent)
}

/** What came is the gateway's own, or nothing. */
const isGranted = ({ status = 0 }: TunnelUse): boolean => status >= 200 && status < 300

const writtenBefore = ({ stage, or = [] }: Failure, written: boolean | undefined): boolean =>
  written ?? (wroteIn(stage) || or.some((other) => wroteIn(other.stage)))

export interface Judge {
  /** Undefined: it agrees, or nobody can tell. */
  disagreement(account: Account): string | undefined
  /** Nothing more can come of it. */
  isSettled(account: Account): boolean
  isToldByClient(id: string): boolean
  /** It lost its last words, or answers before it reads: responses need not come from requests that it saw. */
  excuse(reader: number): void
}

export function createJudge(ways: Ways, { names, numberOf }: Addresses): Judge {
  const excused = new Set<number>()
  const stranger = new Set(ways.behindStranger.map(numberOf))
  const untold = Object.values(ways.clients).filter(({ tells }) => !tells)
  const entered = new Set(untold.flatMap(({ to }) => to.map(numberOf)))
  const silent = names.map((name, reader) => !ways.readers[name] || stranger.has(reader))
  const allTell = !silent.includes(true)
  const ownerOf = (id: string): string => /^(.*?)(?:\.\d+)?-\d+$/.exec(id)?.[1] ?? ''
  const isStrange = ({ id, client }: Account): boolean =>
    client === undefined && untold.length > 0 && !ways.clients[ownerOf(id)]?.tells
  const amount = (list: readonly number[], reader: number): number => list[reader] ?? 0
  return {
    disagreement(account) {
      const { id, client, ended, attempts } = account
      if (client !== undefined && !ended)
        return `request "${id}": client ${client} told of attempts of it, and not of its end`
      if (ended && ended.attempts !== attempts.length)
        return `request "${id}": client ${client} ended it after ${ended.attempts} attempts, and told of ${attempts.length}`
      const strange = isStrange(account)
      for (const [reader, name] of names.entries()) {
        if (silent[reader] || (strange && entered.has(reader))) continue
        const [low, high, seen] = [
          amount(account.low, reader),
          amount(account.high, reader),
          amount(account.seen, reader),
        ]
        if (seen > high) return `request "${id}": ${name} read it ${times(seen)}, and ${high} at most were sent there`
        if (seen + amount(account.asked, reader) < low && !excused.has(reader))
          return `request "${id}": ${low} of its responses came from ${name}, which read it ${times(seen)}`
      }
      return undefined
    },
    isSettled(account) {
      const strange = isStrange(account)
      if (!strange && !(account.ended && account.ended.attempts === account.attempts.length)) return false
      if (!strange && !allTell) return false
      for (let reader = 0; reader < names.length; reader++) {
        if (silent[reader] || (strange && entered.has(reader))) continue
        const [high, seen] = [amount(account.high, reader), amount(account.seen, reader)]
        if (seen !== high && seen + amount(account.asked, reader) !== high) return false
      }
      return true
    },
    isToldByClient: (id) => ways.clients[ownerOf(id)]?.tells === true,
    excuse: (reader) => void excused.add(reader),
  }
}

const times = (count: number): string => (count === 1 ? 'once' : `${count} times`)
