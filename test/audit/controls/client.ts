/**
 * A retry client of our own, put together from habits: right.ts has the right ones, each file of wrong/ changes one of
 * them. It runs in a process of its own, on whatever clock that has. It must not know the rules that judge it.
 */
import { Readable } from 'node:stream'
import type { Agent, Dispatcher } from 'undici'

export interface Init {
  method: string
  headers: Record<string, string>
  body?: string | ReadableStream | FormData
  signal?: AbortSignal
}

export interface Reply {
  status: number
  text(): Promise<string>
}

type Payload = string | Buffer | Readable | undefined

interface Attempt {
  url: string
  method: string
  headers: Record<string, string>
  payload: Payload
  reset: boolean
}

/** What is known when an attempt has failed. */
export interface Failed {
  method: string
  headers: Record<string, string>
  /** From 1. */
  attempt: number
  status?: number
  error?: Error & { code?: string }
  retryAfter?: string
}

export interface Habits {
  /** In all. */
  attempts: number
  attemptTimeoutMs: number
  agent: () => Agent
  /** Whether the server may do it twice. */
  repeatable(failed: Failed): boolean
  /** Whether it may go better the next time. */
  worthIt(failed: Failed): boolean
  /** A budget for retries that all calls of the client share. */
  budget(): { take(): boolean; give(): void }
  backoffMs(attempt: number): number
  /** Undefined for what is neither seconds nor a date. */
  retryAfterMs(value: string): number | undefined
  /** Undefined: it is too long to wait for. */
  waitMs(backoffMs: number, askedMs: number | undefined): number | undefined
  /** For the next attempt; undefined where it can't be sent again. */
  replayed(payload: Payload, original: Init['body']): Payload | 'never'
  wait(ms: number, signal: AbortSignal | undefined): Promise<void>
  /** Whether the connection is closed behind that attempt. */
  closes(attempt: number): boolean
  /** Whether it goes on for a caller who has aborted. */
  againAfterAbort: boolean
  headers(init: Init): Record<string, string>
  /** Throws where the body is not whole. */
  read(response: Dispatcher.ResponseData): Promise<string>
  /** Of a response that is tried again after. */
  drain(response: Dispatcher.ResponseData): Promise<unknown> | undefined
  /** Around a whole call. */
  guard(call: () => Promise<Reply>): Promise<Reply>
  /** Told of each failure. */
  onFailed(failed: Failed): void
}

export type Send = (url: string, init: Init) => Promise<Reply>

export function createClient(habits: Habits): Send {
  const agent = habits.agent()
  const budget = habits.budget()
  return (url, init) => habits.guard(() => call(habits, agent, budget, url, init))
}

async function call(
  habits: Habits,
  agent: Agent,
  budget: ReturnType<Habits['budget']>,
  url: string,
  init: Init,
): Promise<Reply> {
  const { method, signal } = init
  const { payload: first, type } = await payloadOf(init.body)
  const headers = { ...habits.headers(init), ...(type !== undefined && { 'content-type': type }) }
  let payload: Payload = first
  for (let attempt = 1; ; attempt++) {
    const caller = signal?.aborted && habits.againAfterAbort ? undefined : signal
    const sent = { url, method, headers, payload, reset: habits.closes(attempt) }
    const ended = await attemptOnce(habits, agent, sent, caller)
    if ('reply' in ended && ended.reply.status < 400) {
      budget.give()
      return ended.reply
    }
    const failed: Failed = { method, headers, attempt, ...ended.failed }
    habits.onFailed(failed)
    const next = await nextWait(habits, budget, failed, signal)
    const replayed = next === undefined ? 'never' : habits.replayed(payload, init.body)
    if (next === undefined || replayed === 'never') {
      if ('reply' in ended) return ended.reply
      throw ended.failed.error
    }
    payload = replayed
    if ('drain' in ended) await ended.drain()
    await habits.wait(next, signal)
    if (signal?.aborted && !habits.againAfterAbort) throw signal.reason
  }
}

async function nextWait(
  habits: Habits,
  budget: ReturnType<Habits['budget']>,
  failed: Failed,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  if (signal?.aborted && !habits.againAfterAbort) return undefined
  if (failed.attempt >= habits.attempts || !habits.repeatable(failed) || !habits.worthIt(failed)) return undefined
  const asked = failed.retryAfter === undefined ? undefined : habits.retryAfterMs(failed.retryAfter)
  const wait = habits.waitMs(habits.backoffMs(failed.attempt), asked)
  return wait !== undefined && budget.take() ? wait : undefined
}

type Ended =
  | { reply: Reply; failed: Partial<Failed>; drain(): Promise<unknown> | undefined }
  | { failed: Partial<Failed> & { error: Error } }

async function attemptOnce(
  habits: Habits,
  agent: Agent,
  { url, method, headers, payload, reset }: Attempt,
  caller: AbortSignal | undefined,
): Promise<Ended> {
  const limit = new AbortController()
  const stop = (): void => limit.abort(caller?.reason)
  const timer = setTimeout(() => limit.abort(timeoutError(habits.attemptTimeoutMs)), habits.attemptTimeoutMs)
  if (caller?.aborted) stop()
  caller?.addEventListener('abort', stop, { once: true })
  const over = (): void => {
    clearTimeout(timer)
    caller?.removeEventListener('abort', stop)
  }
  try {
    const { origin, pathname, search } = new URL(url)
    const response = await agent.request({
      origin,
      path: pathname + search,
      method: method as Dispatcher.HttpMethod,
      headers,
      body: payload ?? null,
      reset,
      signal: limit.signal,
    })
    const status = response.statusCode
    if (status >= 400) return failedReply(habits, response, over)
    const text = await habits.read(response)
    over()
    return { reply: { status, text: async () => text }, failed: { status }, drain: () => undefined }
  } catch (error) {
    over()
    return { failed: { error: error as Error } }
  }
}

/** Its body is the caller's, if it is the last one. */
function failedReply(habits: Habits, response: Dispatcher.ResponseData, over: () => void): Ended {
  const { statusCode: status, headers, body } = response
  const retryAfter = headers['retry-after']
  // A time limit that rings while nobody reads would be nobody's to catch.
  body.on('error', () => {})
  const text = async (): Promise<string> => {
    try {
      return await body.text()
    } finally {
      over()
    }
  }
  const drain = async (): Promise<void> => {
    try {
      await habits.drain(response)
    } finally {
      over()
    }
  }
  return { reply: { status, text }, failed: { status, ...(typeof retryAfter === 'string' && { retryAfter }) }, drain }
}

function timeoutError(ms: number): Error {
  return Object.assign(new Error(`no answer within ${ms} ms`), { name: 'TimeoutError', code: 'ETIMEDOUT' })
}

async function payloadOf(body: Init['body']): Promise<{ payload: Payload; type?: string }> {
  if (body === undefined || typeof body === 'string') return { payload: body }
  if (body instanceof ReadableStream) return { payload: Readable.fromWeb(body as never) }
  const encoded = new Response(body)
  return {
    payload: Buffer.from(await encoded.arrayBuffer()),
    type: encoded.headers.get('content-type') ?? 'multipart/form-data',
  }
}
