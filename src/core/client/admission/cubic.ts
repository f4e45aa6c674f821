/**
 * The client's own rate limiter in the adaptive mode of AWS SDKs: CUBIC on the sending rate, as in smithy-typescript's
 * DefaultRateLimiter (2026). Only aws_adaptive uses it. Seconds inside, as there.
 */

export interface CubicLimiter {
  /** Milliseconds until another attempt may be sent; 0 until the first throttling. Changes nothing that shows. */
  delayMs(nowMs: number): number
  /** One will be sent, after that delay. */
  take(nowMs: number): void
  /** An attempt ended. */
  heard(nowMs: number, throttled: boolean): void
}

const BETA = 0.7
const SCALE = 0.4
const SMOOTH = 0.8
const MIN_FILL = 0.5
const MIN_CAPACITY = 1
const BUCKETS_PER_SECOND = 2

export function createCubicLimiter(): CubicLimiter {
  const bucket = createBucket()
  const measured = createMeasuredRate()
  let enabled = false
  let lastMaxRate = 0
  let lastThrottle = 0
  /** Seconds until the rate would be what it was when the server last said stop. */
  const plateau = () => ((lastMaxRate * (1 - BETA)) / SCALE) ** (1 / 3)
  return {
    delayMs: (nowMs) => (enabled ? bucket.delay(nowMs / 1000) * 1000 : 0),
    take(nowMs) {
      if (enabled) bucket.take(nowMs / 1000)
    },
    heard(nowMs, throttled) {
      const now = nowMs / 1000
      const rate = measured.heard(now)
      let wanted: number
      if (throttled) {
        lastMaxRate = enabled ? Math.min(rate, bucket.fill()) : rate
        lastThrottle = now
        wanted = lastMaxRate * BETA
        enabled = true
      } else {
        wanted = SCALE * (now - lastThrottle - plateau()) ** 3 + lastMaxRate
      }
      bucket.setFill(now, Math.min(wanted, 2 * rate))
    },
  }
}

/**
 * Who waits has its token already, so the bucket may be in debt, and nobody overtakes; the SDK's loop has all that wait
 * try again at the same moment.
 */
function createBucket() {
  let fill = MIN_FILL
  let capacity = MIN_CAPACITY
  let tokens = 0
  let last: number | undefined
  const refill = (now: number) => {
    if (last !== undefined) tokens = Math.min(capacity, tokens + (now - last) * fill)
    last = now
  }
  return {
    fill: () => fill,
    delay(now: number): number {
      refill(now)
      return Math.max(0, (1 - tokens) / fill)
    },
    take(now: number) {
      refill(now)
      tokens -= 1
    },
    setFill(now: number, wanted: number) {
      refill(now)
      fill = Math.max(wanted, MIN_FILL)
      capacity = Math.max(wanted, MIN_CAPACITY)
      tokens = Math.min(tokens, capacity)
    },
  }
}

/** Attempts ended per second, smoothed over buckets of half a second. */
function createMeasuredRate() {
  let rate = 0
  let count = 0
  let lastBucket = 0
  return {
    heard(now: number): number {
      const bucket = Math.floor(now * BUCKETS_PER_SECOND) / BUCKETS_PER_SECOND
      count++
      if (bucket > lastBucket) {
        rate = (count / (bucket - lastBucket)) * SMOOTH + rate * (1 - SMOOTH)
        count = 0
        lastBucket = bucket
      }
      return rate
    },
  }
}
