/** Presets: a product's balancing, health, retries, limits and words at once. One product each. */
import { apache } from './apache.js'
import { caddy } from './caddy.js'
import { envoy } from './envoy.js'
import { haproxy } from './haproxy.js'
import { nginx } from './nginx.js'
import type { Preset } from './preset.js'

export const presets = { nginx, haproxy, envoy, caddy, apache } as const satisfies Record<string, Preset>

export type PresetName = keyof typeof presets

export const presetNames = Object.keys(presets) as PresetName[]
