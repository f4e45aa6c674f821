/**
 * What the schema finds wrong with an input, as findings: zod's issues are put in order, consequences of one slip are
 * dropped, and of several forms that may stand somewhere the one that was most likely meant is explained. parse.ts
 * calls it; the words are those of expectation.ts.
 */
import type { z } from 'zod'
import { nearest, suggestion } from '../lib/nearest.js'
import { expectation, type Issue, isMisfit, remedy, validKeys, wordsOf } from './expectation.js'
import { type Finding, mappingOf, type Path, pathText, shown, valueAt, wrongKey, wrongValue } from './finding.js'

export const explainSchemaError = (error: z.ZodError, input: unknown): Finding[] => explain(error.issues, input, [])

interface Placed {
  issue: Issue
  /** From the root of the input. */
  path: Path
}

/** @param base where in `root` the paths of the issues begin */
function explain(issues: readonly Issue[], root: unknown, base: Path): Finding[] {
  const placed = issues.map((issue) => ({ issue, path: [...base, ...(issue.path as Path)] }))
  const isMissing = ({ path }: Placed): boolean => path.length > 0 && valueAt(root, path) === undefined
  const missing = new Map(placed.filter(isMissing).map((one) => [pathText(one.path), one]))
  const findings: Finding[] = []
  for (const { issue, path } of placed) {
    if (issue.code !== 'unrecognized_keys') continue
    for (const key of issue.keys) {
      const absent = validKeys(issue).filter((valid) => valueAt(root, [...path, valid]) === undefined)
      const required = absent.filter((valid) => missing.has(pathText([...path, valid])))
      const meant = nearest(key, required) ?? nearest(key, absent)
      findings.push(unknownKey([...path, key], meant, validKeys(issue)))
      // The key is there, with a slip of the pen.
      if (meant !== undefined) missing.delete(pathText([...path, meant]))
    }
  }
  for (const one of missing.values()) findings.push(missingKey(one, root))
  for (const one of placed) {
    if (!isMissing(one) && one.issue.code !== 'unrecognized_keys') findings.push(...wrong(one, root))
  }
  return findings
}

function unknownKey(path: Path, meant: string | undefined, valid: readonly string[]): Finding {
  const hint = meant === undefined ? `expected one of: ${valid.join(', ')}` : `did you mean "${meant}"?`
  return wrongKey(path, `unknown key "${path.at(-1)}", ${hint}`)
}

function missingKey({ issue, path }: Placed, root: unknown): Finding {
  const key = String(path.at(-1))
  const parent = path.slice(0, -1)
  // Which keys a kind takes is not known before its kind is: a slip in that very key is found here.
  const written = Object.keys(mappingOf(valueAt(root, parent)) ?? {})
  const slip = issue.code === 'invalid_union' && issue.discriminator === key ? nearest(key, written) : undefined
  if (slip !== undefined) return unknownKey([...parent, slip], key, [])
  return wrongValue(path, `missing key "${key}": ${expectation(issue)}`)
}

function wrong({ issue, path }: Placed, root: unknown): Finding[] {
  const value = valueAt(root, path)
  if (issue.code === 'invalid_key') {
    return [wrongKey(path, `${expectation(issue.issues[0]!)}; got ${shown(path.at(-1))}`)]
  }
  if (issue.code === 'invalid_union' && issue.message === '' && issue.errors.length > 0) {
    return explainUnion(issue, root, path)
  }
  const words = wordsOf(issue)
  if (words && typeof value === 'string') {
    const noun = path.findLast((step) => typeof step === 'string')
    return [wrongValue(path, `unknown ${noun} "${value}", ${suggestion(value, words)}`)]
  }
  const expected = expectation(issue)
  const message = expected.startsWith('expected') ? `${expected}; got ${shown(value)}${remedy(issue, value)}` : expected
  return [wrongValue(path, message)]
}

/** None of the forms that may stand there: the form that was most likely meant, or else the names of all. */
function explainUnion(issue: z.core.$ZodIssueInvalidUnion, root: unknown, path: Path): Finding[] {
  const value = valueAt(root, path)
  const fitting = issue.errors.filter((branch) => !branch.some(isMisfit))
  if (fitting.length === 0) {
    const words = issue.errors.flat().flatMap((one) => wordsOf(one) ?? [])
    const near = typeof value === 'string' ? nearest(value, words) : undefined
    const hint = near === undefined ? '' : `, did you mean "${near}"?`
    return [wrongValue(path, `${expectation(issue)}; got ${shown(value)}${hint}`)]
  }
  const forms = closest(fitting.map((branch) => formOf(branch, value)))
  return forms.length === 1 ? explain(forms[0]!.issues, root, path) : ambiguous(forms, value, path)
}

/** One form of a mapping, held against the keys that were written. */
interface Form {
  issues: readonly Issue[]
  /** Written, but not keys of this form. */
  unknown: readonly string[]
  /** How many of these look like a key it lacks. */
  slips: number
  /** Keys that it needs and that were not written. */
  missing: readonly string[]
  valid: readonly string[]
}

function formOf(issues: readonly Issue[], value: unknown): Form {
  const strangers = issues.find(({ code, path }) => code === 'unrecognized_keys' && path.length === 0)
  const unknown = strangers?.code === 'unrecognized_keys' ? strangers.keys : []
  const missing = issues
    .filter(({ path }) => path.length === 1 && valueAt(value, path as Path) === undefined)
    .map(({ path }) => String(path[0]))
  const slips = unknown.filter((key) => nearest(key, missing) !== undefined).length
  const valid = strangers ? validKeys(strangers) : [...Object.keys(mappingOf(value) ?? {}), ...missing]
  return { issues, unknown, slips, missing, valid }
}

/** Those with the fewest keys that mean nothing in them; among these, with the fewest slips. */
function closest(forms: readonly Form[]): Form[] {
  const distance = ({ unknown, slips }: Form): number => (unknown.length - slips) * 1000 + slips
  const least = Math.min(...forms.map(distance))
  return forms.filter((form) => distance(form) === least)
}

function ambiguous(forms: readonly Form[], value: unknown, path: Path): Finding[] {
  const written = Object.keys(mappingOf(value) ?? {})
  const valid = [...new Set(forms.flatMap((form) => form.valid))]
  const strange = written.filter((key) => !valid.includes(key))
  if (strange.length > 0) {
    const absent = valid.filter((key) => !written.includes(key))
    return strange.map((key) => unknownKey([...path, key], nearest(key, absent), valid))
  }
  if (forms.some(({ unknown }) => unknown.length > 0)) {
    const sets = forms.map((form) => `{ ${form.valid.join(', ')} }`).join(' or ')
    return [wrongValue(path, `the keys ${written.join(', ')} don't go together: expected ${sets}`)]
  }
  const additions = forms.map(({ missing }) => missing.join(' and ')).join(', or ')
  return [wrongValue(path, `missing keys: expected ${additions}`)]
}
