/** How a comparison of two runs is told: one file per format. */
import type { Comparison } from './compare.js'
import { markdown } from './markdown.js'
import { text } from './text.js'

export interface ComparisonReport {
  readonly summary: string
  render(comparison: Comparison): string
}

const json = {
  summary: 'the whole comparison, for programs',
  render: (comparison: Comparison): string => `${JSON.stringify(comparison, null, 2)}\n`,
} as const

export const comparisonReports = { text, json, markdown } as const satisfies Record<string, ComparisonReport>

export type ComparisonFormat = keyof typeof comparisonReports
