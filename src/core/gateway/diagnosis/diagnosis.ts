/**
 * What a diagnosis is: one class out of a closed list, because of what, and who is concerned. A procedure makes one of
 * observations and of the pool they were made through; it never sees what a scenario says.
 */

export const diagnosisClasses = {
  none: 'nothing beyond failures that are unrelated to each other',
  exit_block: 'the target refuses some exits, whatever they speak',
  fingerprint_block: 'the target refuses a TLS profile, whatever exit it comes through',
  subnet_block: 'the target refuses whole networks of exits',
  origin_overloaded: 'the target is up and cannot keep up: it is late, sheds requests, or both',
  origin_down: 'nobody gets anything from the target for a while',
  gateway_overloaded: 'our own gateway is over its limits',
  bad_credentials: 'our own gateway does not accept who asks',
  edge_error: 'a gateway in front of the target says that what is behind it failed',
} as const

export type DiagnosisClass = keyof typeof diagnosisClasses

export const diagnosisClassNames = Object.keys(diagnosisClasses) as DiagnosisClass[]

export interface Diagnosis {
  class: DiagnosisClass
  /** One short sentence with the figures that decided. */
  because: string
  /** Those concerned, where it is about some of them; in the order of the pool. */
  exits?: string[]
  profiles?: string[]
  subnets?: string[]
}

/** Whom requests can go through; the order is that of the configuration. */
export interface DiagnosedPool {
  exits: readonly { readonly id: string; readonly subnet: string }[]
  profiles: readonly string[]
}
