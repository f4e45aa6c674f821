/**
 * What the hops' thread and the clients' thread tell each other. One port, both ways in order; moments are on the
 * machine's clock (`toSharedMs`), since each thread's own begins with it.
 */
import type { ClientConfig } from '../../scenario/clients.js'
import type { SharedStates } from '../address_states.js'
import type { Certificates } from '../certificates.js'
import type { Address, Site } from '../site.js'

/** The clients of one scenario, to the end of their load. */
export interface RunOrder {
  scenario: Site['scenario']
  clients: Readonly<Record<string, ClientConfig>>
  /** By client, then by hop: a link that misbehaves has its own. */
  addresses: Readonly<Record<string, Readonly<Record<string, Address>>>>
  states: SharedStates
  seed: number
  journaling: boolean
  /** PEM. */
  ca: string
  /** When the load started. */
  zero: number | undefined
}

/** `run` is the number of one run: several have their clients in the thread side by side. */
export type ToThread =
  | { do: 'run'; run: number; order: RunOrder }
  | { do: 'stop'; run: number }
  /** The answer to `ask`. */
  | { do: 'answer'; run: number; id: number; value: unknown }

/** The first word, of no run. */
export interface Ready {
  say: 'ready'
}

export type FromThread =
  /** Events of the journal, as the text of an array: that is copied faster than objects are. */
  | { say: 'events'; run: number; events: string }
  /** For a certificate: the CA's key stays in one place. */
  | { say: 'ask'; run: number; id: number; of: Parameters<Certificates['of']> }
  | { say: 'broken'; run: number; message: string }
  /** Every client is done; nothing of the run comes any more. */
  | { say: 'ended'; run: number }
  /** A bug of ours. */
  | { say: 'failed'; run: number; message: string }
