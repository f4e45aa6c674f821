/** What a gateway did with its exits, as lines of the trace: who was assigned, what was decided, who is kept from use. */
import type { DecisionEvent, JournalEvent, Try } from '../journal/events.js'
import { formatMs } from '../lib/units.js'

export type Row = (hop: string, what: string, text: string) => string

/** Of a try, who carried it; nothing for one without exits. */
export const exitLines = (hop: string, { exit, profile }: Try, row: Row): string[] =>
  exit === undefined ? [] : [row(hop, 'exit', `${exit} assigned${profile ? `, TLS profile ${profile}` : ''}`)]

export function decisionLines(decision: DecisionEvent | undefined, row: Row): string[] {
  if (!decision) return []
  const { hop, failure, heuristic, strategy, exit, quarantined } = decision
  const lines = [row(hop, 'eval', `${failure}: ${heuristic}`)]
  if (quarantined) lines.push(row(hop, '', `${exit} quarantined`))
  lines.push(row(hop, 'decision', strategy))
  return lines
}

/** Over the whole run, in order. */
export function quarantineLines(events: readonly JournalEvent[], row: Row): string[] {
  const lines = events.flatMap((event) => {
    if (event.event === 'quarantine') {
      const { hop, exit, profile, target, for_ms, why, t } = event
      const what = exit ?? `TLS profile ${profile}`
      return [
        row(hop, 'exits', `${what} in quarantine for ${target} at ${formatMs(t)}, for ${formatMs(for_ms)}: ${why}`),
      ]
    }
    if (event.event !== 'pause') return []
    return [row(event.hop, 'target', `${event.target} ${event.state} at ${formatMs(event.t)}: ${event.why}`)]
  })
  return lines.length > 0 ? ['exits', ...lines] : []
}
