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
  /** The client's own first; of each, failures before what went well, and then the commonest first. */
  all(first: string): Outcome[]
}

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
 */
export function createOutcomes(hop: string | undefined, clients: readonly string[]): Outcomes {
  const endings = new Map<string, Ending>()
  /** By request; under '' what the log does not ascribe to one. */
  const lines = new Map<string, LogEvent[]>()

  const attempt = (event: AttemptEvent): void => {
    if (!clients.includes(event.client) || event.cancelled) return
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
      [...endings.values()]
        .map(({ outcome, examples }) => ({ ...outcome, log: lineOf(outcome, examples, lines) }))
        .sort(
          (a, b) =>
            clients.indexOf(a.client) - clients.indexOf(b.client) ||
            Number(isFailure(b)) - Number(isFailure(a)) ||
            b.count - a.count,
        )
        .sort((a, b) => Number(b.client === first) - Number(a.client === first)),
  }
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

/** The line that most of these attempts have in common, but for numbers: what names an error before what counts requests. */
function lineOf(seen: Seen, examples: Ending['examples'], lines: ReadonlyMap<string, LogEvent[]>): string | null {
  const found = examples.flatMap(({ request, attempt }) => {
    const all = lines.get(request) ?? []
    const access = all.filter(({ level }) => level === 'access')
    const errors = all.filter(({ level }) => level !== 'access')
    const telling = errors.findLast(({ level }) => level !== 'info' && level !== 'warn') ?? errors.at(-1)
    if (telling) return [telling.line]
    const own = isFailure(seen) && (access[attempt - 1] ?? access.at(-1))
    return own ? [own.line] : []
  })
  const nobodys = isFailure(seen) ? (lines.get('') ?? []).filter(({ level }) => level !== 'access') : []
  return commonest(found) ?? commonest(nobodys.map(({ line }) => line)) ?? null
}

/** As it was first written. */
function commonest(lines: readonly string[]): string | undefined {
  const alike = new Map<string, { line: string; count: number }>()
  for (const line of lines) {
    const key = line.replace(/\d+/g, '0')
    const known = alike.get(key)
    if (known) known.count++
    else alike.set(key, { line, count: 1 })
  }
  return [...alike.values()].reduce<{ line: string; count: number } | undefined>(
    (best, one) => (best && best.count >= one.count ? best : one),
    undefined,
  )?.line
}
