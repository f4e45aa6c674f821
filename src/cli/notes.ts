/** What of nginx configurations has no meaning to the mini proxy, told before anything runs. run.ts and validate.ts call it. */
import { formatProblem } from '../lib/errors.js'
import type { Scenario } from '../scenario/schema.js'

/** Each once, however many scenarios name the file. */
export function printNotes(loaded: readonly { scenario: Pick<Scenario, 'notes'> }[]): void {
  const notes = loaded.flatMap(({ scenario }) => scenario.notes ?? [])
  const lines = notes.map((note) => formatProblem({ ...note, message: `note: ${note.message}` }))
  for (const line of new Set(lines)) console.error(line)
}
