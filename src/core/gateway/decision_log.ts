/**
 * A decision as a line of the gateway's log, with the keys of the log in `scraping-glossary` (docs/sources.md):
 * `event.type=upstream_502 target.host=shop.test exit_node.ip=127.11.1.1 exit_node.state=quarantined …`
 */
import type { DecisionNote } from './notes.js'

export function decisionLine(note: DecisionNote): string {
  const fields: [key: string, value: string | number | undefined][] = [
    ['event.type', `upstream_${note.failed_status ?? 'failure'}`],
    ['target.host', note.target.replace(/:\d+$/, '')],
    ['exit_node.ip', note.exit],
    ['exit_node.state', note.quarantined ? 'quarantined' : 'in_use'],
    ['failure.reason', note.failure],
    ['heuristic.eval', note.heuristic],
    ['retry.strategy', note.strategy],
    ['retry.status', note.status],
  ]
  return fields.flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`])).join(' ')
}
