/**
 * What the checks of a scenario find wrong, before anyone knows lines and files: parse.ts makes problems of findings.
 * The paths are those of the input as it was written.
 */

export type Path = readonly (string | number)[]

export interface Finding {
  path: Path
  /** What to point at: the value at that path, or the key in front of it. */
  at: 'value' | 'key'
  message: string
}

export const wrongValue = (path: Path, message: string): Finding => ({ path, at: 'value', message })
export const wrongKey = (path: Path, message: string): Finding => ({ path, at: 'key', message })

/** `hops.lb.to[0]` */
export function pathText(path: Path): string {
  return path.map((step, index) => (typeof step === 'number' ? `[${step}]` : index ? `.${step}` : step)).join('')
}

/** An object of a document or of a program, or undefined. */
export function mappingOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  const isMapping = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isMapping ? (value as Record<string, unknown>) : undefined
}

/** What stands at that path; undefined where there is nothing. */
export function valueAt(root: unknown, path: Path): unknown {
  let value = root
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
    value = (value as Record<string | number, unknown>)[step]
  }
  return value
}

/** A value as a message shows it. */
export function shown(value: unknown): string {
  if (value === undefined || value === null) return 'nothing'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (typeof value === 'object') return Object.keys(value).length === 0 ? 'an empty mapping' : 'a mapping'
  if (typeof value !== 'string') return String(value)
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}…` : value)
}
