/** The result of an audit: what reports render and `--json` writes. Names are stable. */
import type { Finding, RuleVerdict } from './rule.js'

export interface RuleResult extends Finding {
  rule: string
  summary: string
  why: string
  duration_ms: number
}

export interface AuditResult {
  /** Of badgateway. */
  version: string
  /** As the user named it. */
  subject: string
  kind: 'library' | 'module' | 'command' | 'function'
  /** Of its packages, or what a program says of itself. */
  versions: Record<string, string>
  node: string
  time_scale: number
  seed: number
  /** ISO 8601. */
  started: string
  duration_ms: number
  interrupted: boolean
  /** `fail` where a rule fails; `inconclusive` where none says pass or fail. */
  verdict: AuditVerdict
  rules: RuleResult[]
  /** With --baseline. */
  against?: Against
}

export type AuditVerdict = 'pass' | 'fail' | 'inconclusive'

/** How a result stands against an earlier one of the same subject. What was not run now is in none of these. */
export interface Against {
  /** As the user named it. */
  file: string
  started: string
  versions: Record<string, string>
  /** They fail now, and did not then: whatever they were, or not there. */
  worse: RuleChange[]
  /** They failed then, and pass now. */
  better: RuleChange[]
  /** They passed or failed then, and say neither now. */
  unsure: RuleChange[]
  /** They fail, and failed then. */
  as_before: string[]
}

export interface RuleChange {
  rule: string
  before: RuleVerdict | 'absent'
  now: RuleVerdict
}

/** All that one command audits. */
export interface AuditRun {
  /** Of badgateway. */
  version: string
  node: string
  seed: number
  /** `fail` where a rule fails; with a baseline, only where one is worse than in it. */
  verdict: AuditVerdict
  /** ISO 8601. */
  started: string
  duration_ms: number
  interrupted: boolean
  audits: AuditResult[]
}
