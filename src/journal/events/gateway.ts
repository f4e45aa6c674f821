/** What a gateway decides about its exits and destinations. Part of the vocabulary in events.ts. */
import type { DecisionNote, PauseNote, QuarantineNote } from '../../core/gateway/notes.js'

interface OfGateway {
  t: number
  /** The gateway. */
  hop: string
}

/** A try failed: what the gateway took that for, what it did about it, and what came of that. */
export interface DecisionEvent extends OfGateway, Omit<DecisionNote, 'note'> {
  event: 'decision'
}

/** An exit, or a TLS profile, gets nothing for a destination any more, for a while. */
export interface QuarantineEvent extends OfGateway, Omit<QuarantineNote, 'note'> {
  event: 'quarantine'
}

/** Nothing is sent to a destination for now, or it is again. */
export interface PauseEvent extends OfGateway, Omit<PauseNote, 'note'> {
  event: 'pause'
}
