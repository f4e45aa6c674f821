/** What a reader of a configuration has to say of it: mistakes, and what is no mistake but has no meaning here. */
import type { Problem } from '../../lib/errors.js'
import { type ConfSource, type Directive, placeIn, type Word } from './tokens.js'

export class ConfFindings {
  /** nginx would refuse these as well, or the hops do not fit. */
  readonly problems: Problem[] = []
  /** What was passed over, or is another thing here: to be shown, not to be corrected. */
  readonly notes: Problem[] = []

  problem(where: Directive | Word, message: string, source: ConfSource = sourceOf(where)): void {
    this.problems.push(told(source, where.start, message))
  }

  note(where: Directive, message: string): void {
    this.notes.push(told(where.source, where.start, message))
  }

  /** A problem of a word of that directive. */
  wrongWord(directive: Directive, word: Word, message: string): void {
    this.problems.push(told(directive.source, word.start, message))
  }
}

export function told({ file, text }: ConfSource, offset: number, message: string): Problem {
  return { file, ...placeIn(text, offset), path: '', message }
}

/** By file, then by line, none twice. */
export function inOrder(problems: readonly Problem[]): Problem[] {
  const files = [...new Set(problems.map(({ file }) => file))]
  const seen = new Set<string>()
  return problems
    .toSorted((a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line! - b.line! || a.column! - b.column!)
    .filter((problem) => {
      const key = JSON.stringify(problem)
      return !seen.has(key) && seen.add(key)
    })
}

function sourceOf(where: Directive | Word): ConfSource {
  return 'source' in where ? where.source : { file: undefined, text: '' }
}
