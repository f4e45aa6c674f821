/**
 * The wrongs that end a run. A simulated failure is never one of these: it is a value (core/failure.ts).
 * `code` is stable: tests and users may switch on it.
 */

import { printable } from './printable.js'

/** One problem in a user's file or command line, with its place where there is one. */
export interface Problem {
  /** As the user named it; undefined for what was passed from a program. */
  file?: string | undefined
  /** 1-based. */
  line?: number | undefined
  column?: number | undefined
  /** Where in the document, e.g. `hops.lb.to[0]`; empty for the whole file. */
  path: string
  message: string
}

/** The user's mistake, with every problem found. Exit code 2. */
export class ScenarioError extends Error {
  readonly code = 'BADGATEWAY_SCENARIO'
  constructor(readonly problems: readonly Problem[]) {
    super(problems.map(formatProblem).join('\n'))
    this.name = 'ScenarioError'
  }
}

/** Nothing wrong with the input, but it can't run here: a taken port, a full disk. Exit code 3. */
export class CannotRunError extends Error {
  readonly code = 'BADGATEWAY_CANNOT_RUN'
  constructor(
    readonly what: string,
    /** What the user can do about it. */
    readonly remedy: string,
    options?: ErrorOptions,
  ) {
    super(`${what}. ${remedy}`, options)
    this.name = 'CannotRunError'
  }
}

/** Our own bug: stops the run. Exit code 70. */
export class InvariantError extends Error {
  readonly code = 'BADGATEWAY_INVARIANT'
  constructor(message: string) {
    super(message)
    this.name = 'InvariantError'
  }
}

export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message)
}

/** `file:line:column: path: message`, without the parts that are not known. */
export function formatProblem(problem: Problem): string {
  const place = [problem.file, problem.line, problem.column].filter((part) => part !== undefined).join(':')
  return printable([place, problem.path, problem.message].filter((part) => part !== '').join(': '))
}
