/**
 * What a run and the process of one of its hops tell each other. Towards the process it goes by Node's own channel;
 * back, line by line, through a pipe that is written before the process does anything else, so that no word is lost
 * with it. Moments are on the machine's clock (`toSharedMs`).
 */
import type { Fault } from '../../core/fault/fault.js'
import type { Counts } from '../../core/fault/plan.js'
import type { JournalEvent } from '../../journal/events.js'
import type { OriginHop } from '../../scenario/hops.js'
import type { Certificates } from '../certificates.js'
import type { Address } from '../site.js'

/** The state of the run's faults: when the load started, and which are armed. */
export interface RunState {
  zero?: number | undefined
  armed: Readonly<Record<string, boolean>>
}

export interface Start {
  do: 'start'
  scenario: string
  name: string
  hop: OriginHop
  /** Of its unix socket. */
  path?: string | undefined
  /** Those of this hop. */
  faults: readonly Fault[]
  seed: number
  journaling: boolean
  /** PEM. */
  ca: string
  state: RunState
  /** What the faults had counted in the process before this one. */
  counts: Counts
}

export type ToProcess =
  | Start
  | { do: 'follow'; state: RunState; id: number }
  /** The load is over: what is in hand is finished, then followed. */
  | { do: 'finish'; id: number }
  /** The answer to `ask`. */
  | { do: 'answer'; value: unknown; id: number }
  | { do: 'close' }

export type FromProcess =
  | { say: 'listening'; address: Address }
  | { say: 'cannot_run'; what: string; remedy: string }
  | { say: 'event'; event: JournalEvent }
  /** It has done so. */
  | { say: 'followed'; id: number }
  /** For a certificate: the CA's key stays in one place. */
  | { say: 'ask'; of: Parameters<Certificates['of']>; id: number }
  | { say: 'broken'; message: string }
  /** The last word: what follows is SIGKILL. */
  | { say: 'crash'; restart_after?: number | undefined; counts: Counts }

/** The descriptor of the pipe in the process, behind Node's channel. */
export const PIPE = 4
