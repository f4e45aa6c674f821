/** The result of an audit: what reports render and `--json` writes. Names are stable. */
import type { Finding } from './rule.js'

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
  verdict: 'pass' | 'fail' | 'inconclusive'
  rules: RuleResult[]
}
