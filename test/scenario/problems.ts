/** What the tests of this folder share: a good scenario, and the problems of a text as lines. */
import { formatProblem, ScenarioError } from '../../src/lib/errors.js'
import { parseScenario } from '../../src/scenario/parse.js'

/** Line numbers stand in the tests: count from 1. */
export const GOOD = `id: good
title: A reset
hops:
  app1: { kind: origin }
  app2: { kind: origin, tls: true }
  fw: { kind: waf, to: app2 }
  lb: { kind: proxy, to: [app1, fw] }
clients:
  plain: { to: lb, load: { requests: 5 } }
faults:
  - { id: rst, on: app1, at: request_head, effect: reset }
expect:
  - { fault: rst, fired: ">= 1" }
`

/** The good scenario with other lines in place of these; an empty text takes a line out. */
export function withLines(changes: Record<number, string>): string {
  const lines = GOOD.split('\n').map((line, index) => changes[index + 1] ?? line)
  return lines.filter((_, index) => changes[index + 1] !== '').join('\n')
}

/** `line:column: path: message`, or nothing for a good one. */
export const problemsOf = (text: string): string[] => problemsIn(() => parseScenario(text, 'x.yaml'), 'x.yaml:')

/** The problems of the ScenarioError that is thrown, without that prefix; another error is thrown on. */
export function problemsIn(act: () => unknown, prefix = ''): string[] {
  try {
    act()
    return []
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error
    return error.problems.map(formatProblem).map((line) => (line.startsWith(prefix) ? line.slice(prefix.length) : line))
  }
}

/** What is said of a value that no field of HTTP has. */
export const fieldValue =
  'expected the value of a field of HTTP, without line breaks, control characters and characters above \\xff'

/** Lists grow with their tables: a test that quotes a message takes the words from there. */
export const oneOf = (words: readonly string[]): string => `expected one of: ${words.join(', ')}`
