/** The result as it is: what `--json` writes and what `--baseline` reads. */
import type { AuditRun } from '../result.js'

export const json = {
  summary: 'the whole result, for programs and for --baseline',
  fileName: 'result.json',
  render: (run: AuditRun): string => `${JSON.stringify(run, null, 2)}\n`,
} as const
