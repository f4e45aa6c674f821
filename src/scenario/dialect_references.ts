/** What no schema can say of a proxy's words: what its dialect has no place for. references.ts calls it. */
import { namedDialects } from '../dialects/index.js'
import { type Finding, wrongKey } from './finding.js'
import type { HopOutline } from './outline.js'

export const findDialectProblems = (hops: readonly HopOutline[]): Finding[] => hops.flatMap(uselessName)

function uselessName({ kind, namesItself, dialect, path }: HopOutline): Finding[] {
  if (kind !== 'proxy' || !namesItself || (namedDialects as readonly (string | undefined)[]).includes(dialect))
    return []
  const own = dialect === undefined ? 'the usual dialect' : `dialect: ${dialect}`
  return [
    wrongKey(
      [...path, 'server_header'],
      `${own} lets no scenario choose its Server header, expected dialect: ${namedDialects.join(' or ')}`,
    ),
  ]
}
