/**
 * One call of a client, made and told: in its own process (main.ts), or in this one (function.ts). What the client throws is
 * part of the answer. Its timers are whatever the process has.
 */
import type { Answer, Call, Send } from '../driver.js'

/** @param now milliseconds of the client's clock */
export async function answerTo(send: Send, call: Call, signal: AbortSignal, now: () => number): Promise<Answer> {
  const start = now()
  const seen: { status?: number; body?: string; error?: NonNullable<Answer['error']> } = {}
  try {
    const response = await send(call.url, initOf(call, signal))
    if (!isResponse(response)) throw new TypeError(`the client answered ${kindOf(response)} and no Response`)
    seen.status = response.status
    seen.body = await response.text()
  } catch (error) {
    seen.error = told(error)
  }
  return { ...seen, ms: now() - start }
}

function initOf({ method, headers, body }: Call, signal: AbortSignal): Parameters<Send>[1] {
  const init = { method, headers: { ...headers }, signal }
  if (!body) return init
  if (body.type === 'text') return { ...init, body: body.text }
  if (body.type === 'stream') return { ...init, body: streamOf(body.text), duplex: 'half' }
  const form = new FormData()
  form.append('text', body.text)
  return { ...init, body: form }
}

/** In two pieces, as what is read from somewhere else: it can be read once. */
function streamOf(text: string): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text)
  const half = Math.ceil(bytes.length / 2)
  const pieces = [bytes.subarray(0, half), bytes.subarray(half)].filter(({ length }) => length > 0)
  return new ReadableStream({
    pull(controller) {
      const piece = pieces.shift()
      if (piece) controller.enqueue(piece)
      else controller.close()
    },
  })
}

const isResponse = (value: unknown): boolean => {
  const { status, text } = (value ?? {}) as { status?: unknown; text?: unknown }
  return typeof status === 'number' && typeof text === 'function'
}

const kindOf = (value: unknown): string => (value === null ? 'null' : typeof value)

/** What people see first of an error: its own words and those of its causes, the first code among them. */
export function told(error: unknown): NonNullable<Answer['error']> {
  if (!(error instanceof Error)) return { name: 'no Error', message: plain(error) }
  const chain: Error[] = []
  for (let one: unknown = error; one instanceof Error && chain.length < 5; one = one.cause) chain.push(one)
  const codes = chain.map((one) => (one as { code?: unknown }).code)
  const messages = chain
    .map(({ message }) => message)
    .filter((message, n, all) => message && all.indexOf(message) === n)
  return {
    name: error.name,
    code: codes.find((code): code is string => typeof code === 'string'),
    message: messages.join(': '),
  }
}

function plain(value: unknown): string {
  try {
    return String(value)
  } catch {
    return typeof value
  }
}
