/** The journal as text: NDJSON, one event a line. Engines append it to a file, `report` and the page read it back. */
import { type Problem, ScenarioError } from '../lib/errors.js'
import type { JournalEvent } from './events.js'

/** The event as one line, its line feed included. */
export const serialize = (event: JournalEvent): string => `${JSON.stringify(event)}\n`

/**
 * The events of a journal. A last line without its line feed was cut off by the end of the process and is left out if
 * it is not whole. Events of a kind that this version does not know are kept: folds pass over them.
 * @throws ScenarioError with the lines that are not events, the first twenty of them
 */
export function parseJournal(text: string, file?: string): JournalEvent[] {
  const events: JournalEvent[] = []
  const problems: Problem[] = []
  const lines = text.split('\n')
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') continue
    const event = parseLine(line)
    if (event !== undefined) events.push(event)
    else if (index < lines.length - 1 && problems.length < 20) {
      problems.push({ file, line: index + 1, path: '', message: 'expected an event as a JSON object with event and t' })
    }
  }
  if (problems.length > 0) throw new ScenarioError(problems)
  return events
}

function parseLine(line: string): JournalEvent | undefined {
  try {
    const value = JSON.parse(line)
    return typeof value?.event === 'string' && typeof value.t === 'number' ? value : undefined
  } catch {
    return undefined
  }
}
