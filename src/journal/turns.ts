/** A journal as the turns that it holds: one, unless its clients ran in turn. Who joins events by time or port asks it. */
import type { JournalEvent } from './events.js'

export interface Turn {
  /** Whose it is; undefined where clients ran side by side. */
  client: string | undefined
  events: JournalEvent[]
}

/** Hops that start before the first `run` belong to it. */
export function turnsIn(events: readonly JournalEvent[]): Turn[] {
  const turns: Turn[] = []
  let before: JournalEvent[] = []
  for (const event of events) {
    if (event.event === 'run') turns.push({ client: event.client, events: [...before, event] })
    else if (turns.length === 0 || (event.event === 'hop' && event.t === 0)) before.push(event)
    else turns.at(-1)!.events.push(event)
    if (event.event === 'run') before = []
  }
  return turns.length > 0 ? turns : [{ client: undefined, events: before }]
}
