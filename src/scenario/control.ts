/**
 * The control of a scenario: the same path with its cause taken away, by a patch that stands in the file. Where the
 * cause is a fault, disarming it is the control; where it is a limit or a client's own setting, the patch is.
 */
import { type Finding, mappingOf, type Path, pathText, wrongValue } from './finding.js'

/** RFC 7396: mappings are merged, null takes a key away, everything else replaces what was there. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  const keys = mappingOf(patch)
  if (!keys) return patch
  const merged: Record<string, unknown> = { ...mappingOf(target) }
  for (const [key, value] of Object.entries(keys)) {
    if (value === null) delete merged[key]
    else merged[key] = mergePatch(Object.hasOwn(merged, key) ? merged[key] : undefined, value)
  }
  return merged
}

/** The input of the control, and no control of its own. */
export function controlInput(input: unknown): unknown {
  const { control, ...rest } = mappingOf(input) ?? {}
  return mergePatch(rest, control)
}

/** What is wrong with the control, told at the part of the patch that brought it in. */
export function findingOfControl({ path, message, at }: Finding, patch: unknown): Finding {
  let here: unknown = patch
  const shown: (string | number)[] = ['control']
  for (const key of path) {
    const mapping = mappingOf(here)
    if (!mapping || !Object.hasOwn(mapping, key)) break
    shown.push(key)
    here = mapping[key]
  }
  const complete = shown.length === path.length + 1
  return complete
    ? { path: shown as Path, message, at }
    : wrongValue(shown as Path, `with it, ${pathText(path)}: ${message}`)
}
