/**
 * What a caller wants, as different libraries want to be told: for drivers, which have it as `Send` does. Knows no library.
 */
import { Readable } from 'node:stream'
import type { Send } from './driver.js'

export type CallInit = Parameters<Send>[1]

/** For those who stand around fetch: Node's demands a word from somebody who sends a stream. */
export function fetchInit(init: CallInit): RequestInit {
  return init.body instanceof ReadableStream ? { ...init, duplex: 'half' } : init
}

/** For those who know Node's streams only. */
export function nodeBody(body: CallInit['body']): string | Readable | FormData | undefined {
  return body instanceof ReadableStream ? Readable.fromWeb(body) : body
}

/**
 * The function that people hand to a library that calls functions again: fetch gives a bad status as a success, so it is
 * thrown; and the body is read in it, so a cut body is a failure of the attempt.
 */
export async function fetchOk(url: string, init: CallInit): ReturnType<Send> {
  const response = await fetch(url, fetchInit(init))
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`)
  const text = await response.text()
  return { status: response.status, text: async () => text }
}

/** The lines that stand for fetchOk in `usage`. */
export const fetchOkUsage = `async function read(url, init) {
  const response = await fetch(url, init)
  if (!response.ok) throw new Error(\`\${response.status} \${response.statusText}\`)
  return response.text()
}`
