/**
 * When an open load means to send: intended times, whatever becomes of the requests before. Pure; the engines wait for
 * the times and send.
 */
import type { Draw } from '../../lib/random.js'
import { type LoadShape, piecesOf } from './shapes/index.js'
import { type Piece, steady } from './shapes/shape.js'

/** Both follow the rate: `constant` at even distances, `poisson` as independent callers do. */
export const arrivalKinds = ['constant', 'poisson'] as const
export type ArrivalKind = (typeof arrivalKinds)[number]

export interface OpenLoad {
  /** Per second; absent where a shape says how it changes. */
  rate?: number | undefined
  shape?: LoadShape | undefined
  /** In milliseconds. */
  for: number
  arrivals: ArrivalKind
}

/**
 * Intended send times in milliseconds from the load's start, ascending, all below `for`. They are the inverse of the
 * cumulative rate: at whole numbers of requests, or at the points of a Poisson process of rate 1 (time-rescaling, Çinlar,
 * Introduction to Stochastic Processes, 1975, section 4.7).
 */
export function* arrivals(load: OpenLoad, draw: Draw): Generator<number> {
  const pieces = piecesIn(load)[Symbol.iterator]()
  const nth = load.arrivals === 'constant' ? wholeNumbers() : poissonPoints(draw)
  let startMs = 0
  let before = 0
  let piece = pieces.next()
  for (const wanted of nth) {
    // A sum of rounded products may fall just short of a whole number, and would be one request too many.
    while (!piece.done && wanted - before >= requestsIn(piece.value) - ROUNDING) {
      startMs += piece.value.lasts_ms
      before += requestsIn(piece.value)
      piece = pieces.next()
    }
    if (piece.done) return
    yield Math.min(startMs + timeOf(wanted - before, piece.value), startMs + piece.value.lasts_ms)
  }
}

/** How many requests an open load means to send, on average where they are drawn. */
export function intendedRequests(load: OpenLoad): number {
  let sum = 0
  for (const piece of piecesIn(load)) sum += requestsIn(piece)
  return sum
}

const ROUNDING = 1e-9

const piecesIn = (load: OpenLoad): Iterable<Piece> =>
  load.shape ? piecesOf(load.shape, load.for) : [steady(load.rate!, load.for)]

const requestsIn = ({ lasts_ms, from, to }: Piece): number => (lasts_ms * (from + to)) / 2000

/** When so many requests are due, from the begin of a piece: the root of a quadratic, in the form that cancels nothing. */
function timeOf(requests: number, { lasts_ms, from, to }: Piece): number {
  if (requests <= 0) return 0
  const [start, slope] = [from / 1000, (to - from) / 1000 / lasts_ms]
  return (2 * requests) / (start + Math.sqrt(Math.max(0, start * start + 2 * slope * requests)))
}

function* wholeNumbers(): Generator<number> {
  for (let n = 0; ; n++) yield n
}

function* poissonPoints(draw: Draw): Generator<number> {
  for (let at = -Math.log(1 - draw()); ; at -= Math.log(1 - draw())) yield at
}
