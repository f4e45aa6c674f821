/** Reports of a matrix, one file per format. */
import type { Matrix } from '../../journal/matrix_result.js'
import { html } from './html.js'
import { json } from './json.js'
import { markdown } from './markdown.js'
import { text } from './text.js'

export interface MatrixReportKind {
  readonly summary: string
  render(matrix: Matrix): string
}

export const matrixReports = { text, json, markdown, html } as const satisfies Record<string, MatrixReportKind>

export type MatrixReport = keyof typeof matrixReports
