/** A client's own end of a tunnel through a gateway, in the words of the trace. trace.ts calls it. */
import type { AttemptEvent } from '../journal/events.js'
import { formatMs } from '../lib/units.js'

/** What was asked and answered; what, and the text. Nothing for an attempt that went otherwise. */
export function tunnelTexts({ tunnelled, reused, exit }: AttemptEvent): [string, string][] {
  const through = exit === undefined ? '' : `, through exit ${exit}`
  if (!tunnelled) return exit === undefined ? [] : [['exit', exit]]
  const { to, status, ms } = tunnelled
  if (reused) return [['tunnel', `the one to ${to}${through}`]]
  const answer = status === undefined ? 'no answer' : `${status}${ms === undefined ? '' : ` in ${formatMs(ms)}`}`
  return [['tunnel', `CONNECT ${to}: ${answer}${through}`]]
}
