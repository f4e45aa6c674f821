/**
 * Puts the preset that a proxy names beneath what it says itself, before the schema sees it: every key that the scenario
 * sets wins, alone. parse.ts calls it; a preset that nobody knows is left to the schema.
 */
import { mappingOf } from '../finding.js'
import { type PresetName, presets } from './index.js'
import type { Preset } from './preset.js'

type Mapping = Readonly<Record<string, unknown>>

/** @param servers also what it says of each server; without, they stand as they were written */
export function expandPresets(input: unknown, { servers }: { servers: boolean }): unknown {
  const hops = mappingOf(mappingOf(input)?.hops)
  const named = Object.entries(hops ?? {}).flatMap(([name, value]): [string, Mapping, Preset][] => {
    const hop = mappingOf(value)
    const known = hop?.kind === 'proxy' && typeof hop.preset === 'string' && Object.hasOwn(presets, hop.preset)
    return known ? [[name, hop, presets[hop.preset as PresetName]]] : []
  })
  if (named.length === 0) return input
  const expanded = named.map(([name, hop, preset]) => [name, expandHop(hop, preset, servers)])
  return { ...mappingOf(input), hops: { ...hops, ...Object.fromEntries(expanded) } }
}

function expandHop(said: Mapping, preset: Preset, servers: boolean): Mapping {
  const hop = beneath(said, preset.hop(said))
  if (!servers || !Array.isArray(hop.to)) return hop
  return { ...hop, to: hop.to.map((edge) => expandEdge(edge, preset.server)) }
}

function expandEdge(edge: unknown, server: Mapping): unknown {
  if (typeof edge === 'string') return { ...server, hop: edge }
  const said = mappingOf(edge)
  return said ? { ...server, ...said } : edge
}

/** Mappings go together key by key, but for two kinds of something: there the one that was said stands alone. */
function beneath(said: Mapping, preset: Mapping): Mapping {
  const together: Record<string, unknown> = { ...preset, ...said }
  for (const [key, value] of Object.entries(preset)) {
    const ours = mappingOf(value)
    if (said[key] === undefined || !ours) continue
    const theirs = typeof said[key] === 'string' ? { type: said[key] } : mappingOf(said[key])
    if (!theirs || (ours.type !== undefined && theirs.type !== undefined && ours.type !== theirs.type)) continue
    // A bare word that is no kind of anything, such as off.
    if (ours.type === undefined && typeof said[key] === 'string') continue
    together[key] = beneath(theirs, ours)
  }
  return together
}
