/** The result as it is: what `--json` writes and what `report` and `compare` read. */
import type { RunResult } from '../journal/result.js'

export const json = {
  summary: 'the whole result, for programs',
  fileName: 'result.json',
  render: (result: RunResult): string => `${JSON.stringify(result, null, 2)}\n`,
} as const
