/**
 * Quantities as people write them: `250ms`, `50/s`, `64KB`, `5%`. Scenario schemas and checks call it;
 * it knows nothing of either. A parser returns undefined for text that is not of its form.
 */

const DURATION_MS: Record<string, number> = { us: 0.001, ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }
const RATE_SECONDS: Record<string, number> = { s: 1, m: 60, h: 3600 }
const SIZE_BYTES: Record<string, number> = { B: 1, KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3 }

export const DURATION = /^(\d+(?:\.\d+)?)(us|ms|s|m|h)$/
export const RATE = /^(\d+(?:\.\d+)?)\/(s|m|h)$/
export const SIZE = /^(\d+)(B|KB|MB|GB)$/
/** At most 100 %. */
export const SHARE = /^(100(?:\.0+)?|\d{1,2}(?:\.\d+)?)%$/

/** `1.5s` → 1500 (milliseconds). */
export const parseDurationMs = (text: string): number | undefined => scaled(DURATION, DURATION_MS, text)

/** `64KB` → 65536 (bytes; KB, MB and GB are powers of 1024). */
export const parseSizeBytes = (text: string): number | undefined => scaled(SIZE, SIZE_BYTES, text)

/** `50/s` → 50, `30/m` → 0.5 (per second). */
export function parseRatePerSecond(text: string): number | undefined {
  const parts = RATE.exec(text)
  return parts ? Number(parts[1]) / RATE_SECONDS[parts[2]!]! : undefined
}

/** `5%` → 0.05; more than 100 % is undefined. */
export function parseShare(text: string): number | undefined {
  const parts = SHARE.exec(text)
  return parts ? Number(parts[1]) / 100 : undefined
}

function scaled(form: RegExp, scale: Record<string, number>, text: string): number | undefined {
  const parts = form.exec(text)
  return parts ? Number(parts[1]) * scale[parts[2]!]! : undefined
}

/** 0.4 → `0.4 ms`, 1234 → `1.23 s`: for people, never parsed back. */
export function formatMs(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(2)} s`
  return ms >= 10 ? `${ms.toFixed(0)} ms` : `${ms.toFixed(1)} ms`
}
