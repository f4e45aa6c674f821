/** What became of the servers of proxies, as lines of the trace: every turn, and the checks that went alike. */
import type { CheckEvent, JournalEvent, ServerEvent } from '../journal/events.js'
import { formatMs } from '../lib/units.js'

/** @param row one line, in the columns of the trace */
export function healthLines(
  events: readonly JournalEvent[],
  row: (hop: string, what: string, text: string) => string,
): string[] {
  const turns: string[] = []
  const checks = new Map<string, number>()
  for (const event of events) {
    if (event.event === 'server') turns.push(row(event.hop, 'server', turnText(event)))
    else if (event.event === 'check') {
      const line = row(event.hop, 'check', checkText(event))
      checks.set(line, (checks.get(line) ?? 0) + 1)
    }
  }
  const lines = [...turns, ...[...checks].map(([line, count]) => (count > 1 ? `${line}  (${count} checks)` : line))]
  return lines.length > 0 ? ['servers', ...lines] : []
}

const turnText = ({ server, state, t, why }: ServerEvent): string =>
  `${server} ${state} at ${formatMs(t)}${why === undefined ? '' : `: ${why}`}`

const checkText = ({ server, result, status, why }: CheckEvent): string => {
  const how = why ?? (status === undefined ? undefined : `status ${status}`)
  return `${server} ${result}${how === undefined ? '' : `: ${how}`}`
}
