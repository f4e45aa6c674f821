/**
 * What is said about the failures of a run, in the words of every dialect: lines of logs as they were journaled, and what
 * each dialect makes of each failure, as in real answers. Tests ask whether `explain` finds the cause behind it.
 */
import type { Failure } from '../../src/core/failure.js'
import type { AccessEntry, Asked, Dialect } from '../../src/dialects/dialect.js'
import { dialects, errorLogOf } from '../../src/dialects/index.js'
import type { LogContext } from '../../src/dialects/log_line.js'
import type { JournalEvent } from '../../src/journal/events.js'
import { explainWords } from '../../src/words/index.js'

export interface Said {
  by: string
  text: string
}

/** Each text once, with who says it. */
export function saidOf(events: readonly JournalEvent[]): Said[] {
  const said = events.flatMap((event): Said[] => {
    if (event.event === 'log') return event.level === 'access' ? [] : [{ by: 'log', text: event.line }]
    if (event.event === 'attempt') return ofStatus(event.status)
    if (event.event !== 'forward') return []
    const failures = [event.failure, ...event.tries.map(({ failure }) => failure)].filter((each) => each !== undefined)
    return [...ofStatus(event.status), ...failures.flatMap(inAllDialects)]
  })
  return [...new Map(said.map((each) => [`${each.by} ${each.text}`, each])).values()]
}

/** Those of them that do not lead to that cause. */
export const unexplained = (said: readonly Said[], id: string): Said[] =>
  said.filter(({ text }) => !causesBehind(text).has(id))

/** Most of what is said is said of many causes. */
const known = new Map<string, Set<string>>()

function causesBehind(text: string): Set<string> {
  const ids = known.get(text) ?? new Set(explainWords(text).flatMap(({ causes }) => causes.map(({ id }) => id)))
  known.set(text, ids)
  return ids
}

const ofStatus = (status: number | undefined): Said[] =>
  status !== undefined && status >= 400 ? [{ by: 'status', text: String(status) }] : []

/** What a gateway or a refused request is about has no place in the words of a balancer. */
function inAllDialects(failure: Failure): Said[] {
  const own = failure.stage === 'select' && failure.type !== 'destination_unavailable'
  return Object.entries(dialects).flatMap(([name, dialect]) =>
    own && name !== 'rfc9209' ? [] : inDialect(name, dialect, failure, own),
  )
}

/** The marks and the status of an answer, where one is still to be given, and the lines of both logs. */
function inDialect(name: string, dialect: Dialect, failure: Failure, own: boolean): Said[] {
  const { status, fields } = dialect.answer(failure, asked, { nextHop: '127.0.0.1:8081' })
  const marks = fields.flatMap((value, index) => (MARKS.has(fields[index - 1]?.toLowerCase() ?? '') ? [value] : []))
  const begun = failure.stage === 'response_body' || failure.stage === 'tunnel'
  const lines = [(own ? undefined : errorLogOf(dialect).failed?.(failure, context)) ?? []].flat()
  const access = begun || own ? undefined : dialect.access?.(entryOf(failure, status))
  const texts = [begun ? undefined : String(status), ...marks, ...lines.map(({ message }) => message), access].filter(
    (text) => text !== undefined,
  )
  return texts.map((text) => ({ by: name, text }))
}

const MARKS = new Set(['proxy-status', 'x-proxy-error', 'x-edge-error'])

/** Words of products stand in a request as well: they are not meant. */
const context: LogContext = {
  client: '127.0.0.1',
  server: 'lb',
  request: 'GET /SC-- HTTP/1.1',
  upstream: 'https://127.0.0.1:8081/',
  host: 'lb.test',
  name: 'app.internal',
  serverName: 'app',
}

const entryOf = (failure: Failure, status: number): AccessEntry => ({
  client: context.client,
  request: context.request,
  status,
  clientLeft: false,
  bodyBytes: 157,
  tries: [{ address: '127.0.0.1:8081', server: 'app', failure, ms: 3 }],
  peer: '127.0.0.1:5000',
  hop: 'lb',
  startedAt: '2026-11-25T17:34:47.000Z',
  ms: 3,
  failure,
  date: asked.date,
})

const asked: Asked = {
  hop: 'lb',
  method: 'GET',
  keepAlive: true,
  chunks: true,
  id: 'r1',
  host: 'lb.test',
  date: 'Wed, 25 Nov 2026 17:34:47 GMT',
}
