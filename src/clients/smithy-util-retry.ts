/**
 * The retries of the AWS SDK around fetch: StandardRetryStrategy of @smithy/util-retry in a loop that does what the SDK's
 * own middleware does (smithy-typescript, retryMiddleware.ts). The table of clients names it.
 */
import type * as UtilRetry from '@smithy/util-retry'
import { type CallInit, fetchInit } from './call_init.js'
import type { ClientDriver, Send } from './driver.js'

export const smithy_util_retry: ClientDriver = {
  summary: "the AWS SDK's standard retries around fetch: two of them with full jitter, from a bucket of 500 tokens",
  packages: ['@smithy/util-retry'],
  usage: `import { StandardRetryStrategy } from '@smithy/util-retry'

const strategy = new StandardRetryStrategy(3)
const types = { 429: 'THROTTLING', 500: 'TRANSIENT', 502: 'TRANSIENT', 503: 'TRANSIENT', 504: 'TRANSIENT' }

async function send(url, init) {
  let token = await strategy.acquireInitialRetryToken('')
  for (;;) {
    const result = await fetch(url, init).catch((error) => error)
    if (result.ok) {
      strategy.recordSuccess(token)
      return result
    }
    // Errors of the network are TRANSIENT as well, by the code of their cause; Retry-After may also be a date.
    const errorType = types[result.status] ?? (result.cause?.code ? 'TRANSIENT' : 'CLIENT_ERROR')
    const seconds = Number(result.headers?.get('retry-after'))
    const hint = seconds > 0 && { retryAfterHint: new Date(Date.now() + seconds * 1000) }
    const failed = result.cause ? result : new Error(await result.text())
    // The wait is in here; it throws when there is to be no retry.
    token = await strategy.refreshRetryTokenForRetry(token, { errorType, ...hint }).catch(() => Promise.reject(failed))
  }
}

const response = await send(url, { signal })`,
  async create(load) {
    const { StandardRetryStrategy } = (await load('@smithy/util-retry')) as typeof UtilRetry
    const strategy = new StandardRetryStrategy(3)
    return (url, init) => send(strategy, url, init)
  },
}

type Strategy = InstanceType<typeof UtilRetry.StandardRetryStrategy>
type ErrorInfo = Parameters<Strategy['refreshRetryTokenForRetry']>[1]

async function send(strategy: Strategy, url: string, init: CallInit): ReturnType<Send> {
  let token = await strategy.acquireInitialRetryToken('')
  for (;;) {
    const { response, error, info } = await attempt(url, init)
    if (response?.ok) {
      strategy.recordSuccess(token)
      return response
    }
    // The SDK reads what a failure says, for its message.
    const failed = error ?? new Error(`${response?.status}: ${await response?.text()}`)
    if (init.signal?.aborted) throw failed
    try {
      token = await strategy.refreshRetryTokenForRetry(token, info)
    } catch {
      throw failed
    }
  }
}

async function attempt(
  url: string,
  init: CallInit,
): Promise<{ response?: Response; error?: unknown; info: ErrorInfo }> {
  try {
    const response = await fetch(url, fetchInit(init))
    const retryAfterHint = dateOf(response.headers.get('retry-after'))
    return { response, info: { errorType: typeOf(response.status), ...(retryAfterHint && { retryAfterHint }) } }
  } catch (error) {
    return { error, info: { errorType: NETWORK.has(codeOf(error)) ? 'TRANSIENT' : 'CLIENT_ERROR' } }
  }
}

/** Those of smithy-typescript, service-error-classification/constants.ts. */
const NETWORK = new Set([
  ...['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT'],
  ...['EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN'],
])

/** What fetch throws has the error of the network in `cause`. */
const codeOf = (error: unknown): string => (error as { cause?: { code?: string } }).cause?.code ?? ''

function typeOf(status: number): ErrorInfo['errorType'] {
  if (status === 429) return 'THROTTLING'
  if ([500, 502, 503, 504].includes(status)) return 'TRANSIENT'
  return status > 500 ? 'SERVER_ERROR' : 'CLIENT_ERROR'
}

/** Seconds or a date, as parseRetryAfterHeader of the SDK reads it. */
function dateOf(header: string | null): Date | undefined {
  if (header === null) return undefined
  const at = /^\d+(\.\d+)?$/.test(header) ? Date.now() + Number(header) * 1000 : Date.parse(header)
  return Number.isNaN(at) ? undefined : new Date(at)
}
