/**
 * From a journal, how the attempts of clients ended and what the proxy's log says of them: a fold, event by event, that
 * keeps a bounded number of lines. matrix.ts feeds it; it knows no scenario and no product.
 */
import type { AttemptEvent, JournalEvent, LogEvent } from './events.js'
import type { Outcome, Seen } from './matrix_result.js'

export interface Outcomes {
  add(event: JournalEvent): void
  /** Attempts of that client that failed, so far. */
  failed(client: string): number
  /** The client's own first; of each, failures before what went well, what is not rare before what is, and in order of time. */
  all(first: string): Outcome[]
}

/** What is less than so much of the commonest is rare: a moment of this machine may have made it. */
const RARE = 1 / 4

/** Of more attempts that ended in the same way no line is looked for. */
const EXAMPLES = 50
/** Of so many requests lines are kept. */
const REQUESTS = 5_000

interface Ending {
  outcome: Outcome
  /** Which attempts these were, the first of them. */
  examples: Pick<AttemptEvent, 'request' | 'attempt'>[]
}

/**
 * @param hop whose log it is; undefined: nobody's
 * @param clients whose attempts are told
 * @param logsRequests it has no log of errors: a line for each request is all there is
 */
export function createOutcomes(hop: string | undefined, clients: readonly string[], logsRequests: boolean): Outcomes {
  const endings = new Map<string, Ending>()
  /** By request; under '' what the log does not ascribe to one. */
  const lines = new Map<string, LogEvent[]>()
  const asked = new Set<string>()
  /** By request, where it was sent more than once. */
  const attempts = new Map<string, number>()

  const attempt = (event: AttemptEvent): void => {
    if (asked.size < REQUESTS) asked.add(event.request)
    if (!clients.includes(event.client) || event.cancelled) return
    if (event.attempt > 1) attempts.set(event.request, event.attempt)
    const seen = seenIn(event)
    const key = JSON.stringify([event.client, seen])
    const ending = endings.get(key) ?? { outcome: { client: event.client, ...seen, count: 0, log: null }, examples: [] }
    endings.set(key, ending)
    ending.outcome.count++
    if (ending.examples.length < EXAMPLES) ending.examples.push({ request: event.request, attempt: event.attempt })
  }
  const log = (event: LogEvent): void => {
    if (event.hop !== hop || event.level === 'notice') return
    const request = event.request ?? ''
    const known = lines.get(request)
    if (known) known.push(event)
    else if (lines.size < REQUESTS) lines.set(request, [event])
  }
  return {
    add(event) {
      if (event.event === 'attempt') attempt(event)
      else if (event.event === 'log') log(event)
    },
    failed: (client) =>
      [...endings.values()]
        .filter(({ outcome }) => outcome.client === client && isFailure(outcome))
        .reduce((sum, { outcome }) => sum + outcome.count, 0),
    all: (first) =>
      sorted([...endings.values()], [first, ...clients]).map(({ outcome, examples }) => ({
        ...outcome,
        log: lineOf(outcome, examples, { lines, asked, attempts, logsRequests }),
      })),
  }
}

/** @param clients in their order; endings are in that in which each was first seen */
function sorted(endings: readonly Ending[], clients: readonly string[]): Ending[] {
  const most = new Map<string, number>()
  const group = ({ outcome }: Ending): string => `${outcome.client} ${isFailure(outcome)}`
  for (const one of endings) most.set(group(one), Math.max(most.get(group(one)) ?? 0, one.outcome.count))
  const rank = (one: Ending): number =>
    clients.indexOf(one.outcome.client) * 4 +
    (isFailure(one.outcome) ? 0 : 2) +
    (one.outcome.count < most.get(group(one))! * RARE ? 1 : 0)
  return [...endings].sort((a, b) => rank(a) - rank(b))
}

function seenIn({ status, failure, gave_up, ...event }: AttemptEvent): Omit<Seen, 'log'> {
  const truncated = event.truncated === true
  // That it was cut says all of a response that was cut.
  const error = gave_up ? 'gave_up' : truncated ? null : (failure?.type ?? null)
  return { status: status ?? null, truncated, client_error: error }
}

/** No whole answer came, or one that says so. nginx passes on what it takes for HTTP/0.9 as status 9. */
export const isFailure = ({ status, truncated, client_error }: Omit<Seen, 'log'>): boolean =>
  status === null || status < 100 || status >= 400 || truncated || client_error !== null

interface Logged {
  lines: ReadonlyMap<string, LogEvent[]>
  asked: ReadonlySet<string>
  attempts: ReadonlyMap<string, number>
  logsRequests: boolean
}

/** The line that most of these attempts have in common, but for numbers: what names an error before what only tells of it. */
function lineOf(
  seen: Seen,
  examples: Ending['examples'],
  { lines, asked, attempts, logsRequests }: Logged,
): string | null {
  const found = examples.flatMap(({ request, attempt }) => {
    const own = lines.get(request) ?? []
    const errors = own.filter(({ level }) => level !== 'access')
    const requests = logsRequests && isFailure(seen) ? own.filter(({ level }) => level === 'access') : []
    // Of a request that was sent again not every attempt may have a line.
    const all = requests.length === (attempts.get(request) ?? 1)
    const line = all ? requests[attempt - 1] : requests.find(({ line }) => line.includes(` ${seen.status} `))
    const telling = errors.findLast(isError) ?? errors.at(-1) ?? line
    return telling ? [telling.line] : []
  })
  const line = commonest(found, 1)
  if (line !== undefined || !isFailure(seen)) return line ?? null
  // One that could not be read has a name that the proxy gave it, or none.
  const strange = [...lines].flatMap(([request, own]) => (asked.has(request) ? [] : own))
  const nobodys = strange.filter(({ level }) => level !== 'access')
  const errors = nobodys.filter(isError).map(textOf)
  // What is no error counts as one where it comes with every such attempt.
  return commonest(errors, 1) ?? commonest(nobodys.map(textOf), Math.max(2, examples.length)) ?? null
}

const textOf = ({ line }: LogEvent): string => line

const isError = ({ level }: LogEvent): boolean => !['access', 'info', 'warn'].includes(level)

/** As it was first written; undefined where none of them is there so often. */
function commonest(lines: readonly string[], atLeast: number): string | undefined {
  const alike = new Map<string, { line: string; count: number }>()
  for (const line of lines) {
    const key = line.replace(/\d+/g, '0')
    const known = alike.get(key)
    if (known) known.count++
    else alike.set(key, { line, count: 1 })
  }
  const most = Math.max(...[...alike.values()].map(({ count }) => count))
  return [...alike.values()].find(({ count }) => count === most && count >= atLeast)?.line
}
