/** Pacers: when a client's requests may begin. One file each. */
import type { KindOf } from '../../../lib/registry.js'
import { constant } from './constant.js'
import type { Pacer } from './pacing.js'

export type { Heard, Pace, Pacer } from './pacing.js'

export const pacers = { constant }

export type PacingConfig = KindOf<typeof pacers>

export const createPacer = (config: PacingConfig): Pacer =>
  (pacers[config.type].create as (config: PacingConfig) => Pacer)(config)
