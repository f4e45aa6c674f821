/** Shapes of an open load: how its rate changes while it lasts. One file each. */
import type { KindOf } from '../../../lib/registry.js'
import { on_off } from './on_off.js'
import { ramp } from './ramp.js'
import type { Piece } from './shape.js'
import { spike } from './spike.js'
import { steps } from './steps.js'

export const shapes = { ramp, spike, steps, on_off }

export type LoadShape = KindOf<typeof shapes>

/** In order; together they last as long as the load. */
export const piecesOf = (shape: LoadShape, forMs: number): Iterable<Piece> =>
  shapes[shape.type].pieces(shape as never, forMs)
