/** What a client did, in the words of the trace: what it sent, what it got, and what it made of that. trace.ts calls it. */
import type { AttemptEvent, RequestEvent } from '../journal/events.js'
import { formatMs } from '../lib/units.js'

export const sentText = ({ attempt, hedge, fallback }: AttemptEvent): string =>
  `${attempt} sent${hedge ? ', a hedge' : ''}${fallback ? ', to the fallback' : ''}`

/** @param failure in words */
export function receivedText({ status, bytes, gave_up, cancelled }: AttemptEvent, failure: string | undefined): string {
  const answer = `${status}, ${bytes} bytes`
  if (failure !== undefined) return `${status === undefined ? 'no response' : answer}, then ${failure}`
  if (gave_up || cancelled) return `${status === undefined ? 'nothing' : answer}, then closed the connection`
  return answer
}

/** Whose failure the headers say it was, where a proxy's own words do not say it already. */
export function blameText({ blame, server }: AttemptEvent): string | undefined {
  if (!blame || blame.layer === 'unknown' || (blame.layer === 'gateway' && server === undefined)) return undefined
  return `${blame.layer}${blame.hop === undefined ? '' : ` (${blame.hop})`}: ${blame.because}`
}

export function decisionText({ decision, wait_ms, cancelled }: AttemptEvent): string {
  if (decision === 'deadline') return cancelled ? 'cut, the deadline has come' : 'no time left before the deadline'
  const [first, ...rest] = decision.split(': ')
  const words = [WORDS[first!] ?? first, ...rest].join(': ').replaceAll('_', ' ')
  return wait_ms === undefined ? words : `${words} ${wait_ms === 0 ? 'at once' : `after ${formatMs(wait_ms)}`}`
}

/** Where the journal's word is too short for a reader. */
const WORDS: Record<string, string> = {
  others: 'left to the others',
  too_late: 'too late, the request was over',
  another_answered: 'cancelled, another was answered',
}

/** Of a request: attempts that were not sent, and why. What, and the text. */
export function unsentTexts({ attempts, refused, unhealthy, why }: RequestEvent): [string, string][] {
  const texts: [string, string][] = []
  if (unhealthy !== undefined) texts.push(['health', `not ok: ${unhealthy} of its attempts not sent`])
  if (refused !== undefined)
    texts.push(['refused', `${attempts === 0 ? 'no attempt' : 'no other attempt'}: ${refused}`])
  else if (attempts === 0 && why !== undefined) texts.push(['decision', why.replaceAll('_', ' ')])
  return texts
}
