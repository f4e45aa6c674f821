/**
 * The vocabulary of the journal: everything that a run produces is one of these, one JSON object a line. Both engines
 * write it; metrics, checks, reports and the trace are folds over it. `t` is milliseconds since the load's start
 * (0 while hops start up). A key that is not known is absent.
 */
import type { AttemptEvent, LoadEvent, RequestEvent, SaturationEvent } from './events/client.js'
import type { DecisionEvent, PauseEvent, QuarantineEvent } from './events/gateway.js'
import type { CheckEvent, ForwardEvent, LogEvent, LookupEvent, ServerEvent } from './events/proxy.js'
import type {
  EndEvent,
  ErrorEvent,
  ExitEvent,
  FaultEvent,
  HopEvent,
  LagEvent,
  RunEvent,
  ThreadEvent,
} from './events/run.js'
import type {
  AcceptingEvent,
  ConnectionEvent,
  HelloEvent,
  OperationEvent,
  ServedEvent,
  WafEvent,
} from './events/server.js'

export * from './events/client.js'
export * from './events/gateway.js'
export * from './events/proxy.js'
export * from './events/run.js'
export * from './events/server.js'

export type JournalEvent =
  | RunEvent
  | HopEvent
  | ExitEvent
  | FaultEvent
  | ConnectionEvent
  | HelloEvent
  | WafEvent
  | LookupEvent
  | ServedEvent
  | OperationEvent
  | AcceptingEvent
  | ForwardEvent
  | DecisionEvent
  | QuarantineEvent
  | PauseEvent
  | ServerEvent
  | CheckEvent
  | LogEvent
  | AttemptEvent
  | RequestEvent
  | LoadEvent
  | SaturationEvent
  | LagEvent
  | ThreadEvent
  | ErrorEvent
  | EndEvent

/** Where events go: a file, a fold, both, or nowhere. */
export type Journal = (event: JournalEvent) => void
