/** Reports: the result of a run as text, one file per format. */
import type { RunResult } from '../journal/result.js'
import { ctrf } from './ctrf.js'
import { json } from './json.js'
import { junit } from './junit.js'
import { text } from './text.js'

export interface ReportKind {
  readonly summary: string
  /** Under which name it is written into an output folder. */
  readonly fileName: string
  render(result: RunResult): string
}

export const reports = { text, json, junit, ctrf } as const satisfies Record<string, ReportKind>

export type ReportFormat = keyof typeof reports
