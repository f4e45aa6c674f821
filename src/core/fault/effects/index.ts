/** What a fault does: a small closed set, one file each. Which trigger takes which effect stands at the triggers. */
import type { KindOf } from '../../../lib/registry.js'
import { alert } from './alert.js'
import { blackhole } from './blackhole.js'
import { certificate } from './certificate.js'
import { close } from './close.js'
import { crash } from './crash.js'
import { delay } from './delay.js'
import { dns } from './dns.js'
import { refuse } from './refuse.js'
import { reset } from './reset.js'
import { respond } from './respond.js'
import { send } from './send.js'
import { stall } from './stall.js'
import { swallow } from './swallow.js'
import { throttle } from './throttle.js'
import { tls } from './tls.js'
import { unreachable } from './unreachable.js'

export const effects = {
  refuse,
  blackhole,
  unreachable,
  reset,
  close,
  stall,
  swallow,
  delay,
  throttle,
  send,
  respond,
  alert,
  certificate,
  tls,
  crash,
  dns,
}

export type Effect = KindOf<typeof effects>
export type EffectName = keyof typeof effects
