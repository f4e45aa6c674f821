/**
 * Carries out an effect on a connection. It switches over effects, never over causes; what a moment makes of it (which
 * response is cut, who takes the next request) is in the scene.
 */
import type { Socket } from 'node:net'
import type { Effect } from '../core/fault/effects/index.js'
import type { ResponseConfig } from '../core/origin/response.js'
import { sampleMs } from '../lib/distribution.js'
import { InvariantError } from '../lib/errors.js'
import type { Draw } from '../lib/random.js'
import { alert } from './alert.js'
import { later } from './later.js'
import { close, reset, stall } from './wire.js'

export interface Scene {
  /** The TCP connection. */
  raw: Socket
  /** What carries the bytes: the same, or the TLS on it. */
  stream: Socket
  draw: Draw
  /** It takes effect now. */
  fired(): void
  /** Everything goes on as if nothing had happened. */
  goOn(): void
  /** Nothing goes on as usual; these bytes are sent in its place, if any. */
  over(sent?: Buffer): void
  /** The connection is fit for what comes next: behind `over`. If absent, the moment goes on. */
  keep?(): void
  /** Where a response is due. */
  respond?(response: ResponseConfig): void
  /** Where the hop is a process of its own. @param restartAfter milliseconds; undefined: never */
  crash?(restartAfter: number | undefined): void
  /** Where bytes are about to move. */
  throttle?(pace: Pace): void
}

/** So many bytes at once, then a pause. */
export interface Pace {
  /** Bytes. */
  chunk: number
  /** Milliseconds. */
  every: number
}

export function misbehave(scene: Scene, effect: Effect): void {
  const { raw, stream, fired } = scene
  // Who is gone is past all effects.
  if (raw.destroyed) return
  switch (effect.type) {
    case 'reset':
      scene.over()
      return void reset(raw, fired)
    case 'close':
      scene.over()
      fired()
      return close(stream)
    case 'stall':
      scene.over()
      fired()
      return stall(stream)
    case 'delay':
      fired()
      return void later(raw, sampleMs(effect.by, scene.draw), scene.goOn)
    case 'send':
      fired()
      return send(scene, effect)
    case 'respond':
      if (!scene.respond) break
      fired()
      return scene.respond(effect)
    case 'crash':
      if (!scene.crash) break
      scene.over()
      return scene.crash(effect.restart_after)
    case 'throttle':
      if (!scene.throttle) break
      fired()
      return scene.throttle(effect)
    case 'alert':
      scene.over()
      fired()
      return alert(raw, effect.id)
  }
  throw new InvariantError(`effect ${effect.type} is not one of a connection`)
}

type Send = Extract<Effect, { type: 'send' }>

function send(scene: Scene, effect: Send): void {
  const bytes = bytesOf(effect)
  const { raw, stream } = scene
  if (effect.end === 'keep' && !scene.keep) {
    stream.write(bytes)
    return scene.goOn()
  }
  scene.over(bytes)
  stream.write(bytes)
  if (effect.end === 'keep') scene.keep!()
  else if (effect.end === 'close') close(stream)
  else if (effect.end === 'reset') void reset(raw)
  else stall(stream)
}

function bytesOf({ text, hex, repeat }: Send): Buffer {
  const once = text === undefined ? Buffer.from(hex!.replace(/\s/g, ''), 'hex') : Buffer.from(text, 'latin1')
  return repeat === 1 ? once : Buffer.alloc(once.length * repeat, once)
}
