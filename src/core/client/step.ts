/** What the state machine of a request tells its engine to do: call.ts makes these, both engines carry them out. */

export type Step =
  | { do: 'send'; attempt: number; hedge?: true; to?: 'fallback' }
  /** Ask for the hop's health before that attempt, and tell `checked`. */
  | { do: 'check'; attempt: number }
  /** Call `tick` after so long. There is one alarm: this takes the place of the one before. */
  | { do: 'wait'; ms: number }
  /** What was made of an attempt that ended: for the journal, and for who adapts a pace. Comes first. */
  | Decided
  /** Close the connection of that attempt, or of its check. Nothing more needs to be told of it. */
  | { do: 'cancel'; attempt: number; why: Why }
  /** The last step but the `decided` of attempts that were left to end by themselves. */
  | Done

export interface Decided {
  do: 'decided'
  attempt: number
  /** In words. */
  decision: string
  /** Until the next attempt, where that is known. */
  wait_ms?: number
  ok: boolean
}

export interface Done {
  do: 'done'
  ok: boolean
  why: Why
  /** The attempt whose outcome is the request's; absent where none was sent, or none was waited for. */
  attempt?: number
  /** Who refused to let another one be sent. */
  refused?: string
}

export type Why =
  | 'success'
  | 'no_retries'
  | 'attempts_exhausted'
  | 'not_retryable'
  | 'gave_up'
  | 'deadline'
  | 'refused'
  /** The server asks to be left alone for longer than the client wants to wait. */
  | 'retry_after'
  /** Its own judgement, of a client that follows no scope. */
  | 'failed'
  | 'fallback_failed'

/** The last word on the attempt that ended with these steps, where one did. */
export function decide(steps: readonly Step[], decision: string, waitMs?: number): void {
  const [first] = steps
  if (first?.do !== 'decided') return
  first.decision = decision
  if (waitMs === undefined) delete first.wait_ms
  else first.wait_ms = waitMs
}
