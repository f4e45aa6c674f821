/** A matrix as JSON: every name is stable. */
import type { Matrix } from '../../journal/matrix_result.js'

export const json = {
  summary: 'JSON, for programs',
  render: (matrix: Matrix): string => `${JSON.stringify(matrix, null, 2)}\n`,
} as const
