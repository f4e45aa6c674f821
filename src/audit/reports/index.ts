/** Reports of an audit: one file per format. */
import type { AuditRun } from '../result.js'
import { ctrf } from './ctrf.js'
import { json } from './json.js'
import { junit } from './junit.js'
import { markdown } from './markdown.js'
import { text } from './text.js'

export interface AuditReport {
  readonly summary: string
  /** Under which name it is written into an output folder. */
  readonly fileName: string
  render(run: AuditRun): string
}

export const auditReports = { text, json, junit, ctrf, markdown } as const satisfies Record<string, AuditReport>

export type AuditReportFormat = keyof typeof auditReports
