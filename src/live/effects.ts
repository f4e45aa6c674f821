/** Carries out an effect on a connection. It switches over effects, never over causes. */
import type { Socket } from 'node:net'
import type { Effect } from '../core/fault/effects/index.js'
import { InvariantError } from '../lib/errors.js'
import { close, reset, stall } from './wire.js'

/** @param raw the TCP connection; @param stream what carries the bytes: the same, or the TLS on it */
export function misbehave(raw: Socket, stream: Socket, effect: Effect): void {
  switch (effect.type) {
    case 'reset':
      return void reset(raw)
    case 'close':
      return close(stream)
    case 'stall':
      return stall(stream)
    default:
      throw new InvariantError(`effect ${effect.type} is not one of a connection`)
  }
}
