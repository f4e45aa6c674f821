/**
 * A line of HAProxy's HTTP log (manual 8.2.3), as HAProxy 2.6.12 was seen to write it with `option httplog`. Its counters of
 * connections are those of a proxy with one client. index.ts calls it.
 */
import type { AccessEntry, AccessTry } from '../dialect.js'
import { countedPage } from './page.js'
import { terminationOf } from './termination.js'

/** Undefined: it writes none. */
export function httpLogLine(entry: AccessEntry): string | undefined {
  const { tries, request, hop, failure, refused, peer, startedAt = '' } = entry
  const end = endOf(entry)
  if (!end) return undefined
  const chosen = refused || end.unchosen ? undefined : tries.at(-1)
  const server = chosen?.server ?? '<NOSRV>'
  const told = `${end.status} ${end.bytes} - - ${end.state}--`
  const retries = tries.length > 1 && !refused ? tries.length - 1 : 0
  const moved = retries > 0 && new Set(tries.map((one) => one.server)).size > 1 ? '+' : ''
  const line = request === '' || (refused && failure) ? '<BADREQ>' : request
  return [
    `${peer} [${acceptDate(startedAt)}] ${hop} ${hop}/${server}`,
    timers(entry, chosen),
    told,
    `1/1/0/0/${moved}${retries} 0/0`,
    `"${escaped(line)}"`,
  ].join(' ')
}

interface End {
  status: number
  bytes: number
  state: string
  unchosen?: true | undefined
}

function endOf(entry: AccessEntry): End | undefined {
  const { clientLeft, status, failure, refused } = entry
  if (clientLeft) return endOfLeaver(entry)
  if (!failure) return { status: status ?? 0, bytes: passedBytes(entry), state: '--' }
  const { otherwise, unchosen, ...end } = terminationOf(failure)
  // Nothing of it could be read: the connection answers, and no message was there to count.
  if (refused) return { status: status ?? end.status, bytes: 0, state: status === 408 ? 'cR' : 'PR', unchosen: true }
  if (end.state.endsWith('D')) return { status: status ?? 0, bytes: passedBytes(entry), state: end.state }
  // The client's connection was closed without an answer.
  if (status === undefined) return otherwise === 'unlogged' ? undefined : { ...end, bytes: 0, unchosen }
  return { ...end, bytes: countedPage(end.status), unchosen }
}

/** It left while its request waited, was being connected, was answered or was passed its response (`abortonclose`). */
function endOfLeaver(entry: AccessEntry): End {
  const { status, tries, stalled } = entry
  const last = tries.at(-1)
  if (status !== undefined) return { status, bytes: passedBytes(entry), state: stalled ? 'cD' : 'CD' }
  if (last === undefined) return { status: -1, bytes: 0, state: 'CQ', unchosen: true }
  if (last.connectMs === undefined && !last.reused) return { status: -1, bytes: 0, state: 'CC' }
  return { status: 400, bytes: countedPage(400), state: 'CH' }
}

/** In the blocks of which HAProxy makes a message: one ends a chunked body. */
const passedBytes = ({ headCounted = 0, payloadBytes = 0, whole, chunked }: AccessEntry): number =>
  headCounted + payloadBytes + (whole && chunked ? 1 : 0)

/** Until the request had come, in the queue, for the connection, for the head, and all together; -1 where it did not get so far. */
function timers({ refused, ms = 0, headMs, tries }: AccessEntry, chosen: AccessTry | undefined): string {
  const all = Math.round(ms)
  if (refused) return `-1/-1/-1/-1/${all}`
  if (!chosen) return `0/-1/-1/-1/${all}`
  const early = chosen.failure?.stage === 'connect' && chosen.failure.manner !== 'reset'
  const lost = early || chosen.failure?.stage === 'tls'
  const connect = lost ? -1 : chosen.reused ? 0 : Math.round(chosen.connectMs ?? -1)
  const queued = Math.round(chosen.queuedMs ?? 0)
  const before = tries.slice(0, -1).reduce((sum, one) => sum + one.ms, 0) + queued + Math.max(0, connect)
  const head = headMs === undefined ? -1 : Math.max(0, Math.round(headMs - before))
  return `0/${queued}/${connect}/${head}/${all}`
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** Of a proxy that lives in UTC: 26/Nov/2026:09:42:03.142 for 2026-11-26T09:42:03.142Z. */
function acceptDate(iso: string): string {
  const [, year, month, day, time] = /^(\d+)-(\d+)-(\d+)T([\d:.]+)Z$/.exec(iso)!
  return `${day}/${MONTHS[Number(month) - 1]}/${year}:${time}`
}

/** What is not printable, or would end the text, as `#` and two digits (manual 8.6). */
const escaped = (text: string): string =>
  text.replace(/[^ -~]|["#]/g, (char) => `#${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)
