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

async function send(url, init) {
  let token = await strategy.acquireInitialRetryToken('')
  for (;;) {
    let failed
    try {
      const response = await fetch(url, init)
      if (response.ok) {
        strategy.recordSuccess(token)
        return response
      }
      failed = Object.assign(new Error(response.statusText), { response })
    } catch (error) {
      failed = error
    }
    if (init.signal?.aborted) throw failed
    try {
      // It waits in here. What it is told: THROTTLING for 429, TRANSIENT for 500, 502, 503, 504 and errors of the network,
      // CLIENT_ERROR for the rest; and Retry-After as a date.
      token = await strategy.refreshRetryTokenForRetry(token, { errorType: errorType(failed), retryAfterHint: hint(failed) })
    } catch {
      throw failed
    }
  }
}`,
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
    const failed = error ?? new Error(`${response?.status} ${response?.statusText}`)
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
