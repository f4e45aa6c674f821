/** Pacers: when a client's requests may begin. One file each. */
import type { KindOf } from '../../../lib/registry.js'
import { adaptive } from './adaptive.js'
import { concurrency } from './concurrency.js'
import { constant } from './constant.js'
import { moderate } from './moderate.js'
import type { Pacer } from './pacing.js'

export type { Heard, Pace, Pacer } from './pacing.js'

export const pacers = { constant, moderate, adaptive, concurrency }

export type PacingConfig = KindOf<typeof pacers>

export const createPacer = (config: PacingConfig): Pacer =>
  (pacers[config.type].create as (config: PacingConfig) => Pacer)(config)
