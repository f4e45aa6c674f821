/** What a fault does: a small closed set, one file each. Which trigger takes which effect stands at the triggers. */
import type { KindOf } from '../../../lib/registry.js'
import { certificate } from './certificate.js'
import { close } from './close.js'
import { refuse } from './refuse.js'
import { reset } from './reset.js'
import { stall } from './stall.js'

export const effects = { refuse, reset, close, stall, certificate }

export type Effect = KindOf<typeof effects>
export type EffectName = keyof typeof effects
