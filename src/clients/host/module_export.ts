/** The user's own client in their own file: which export it is. Runs in the client's process. */
import type { Send } from '../driver.js'
import type { Spec } from './messages.js'

/** @throws Error the user's mistake, in words for them: a file that can't be loaded, an export that is not there */
export async function sendOfModule({ url, export: wanted }: Extract<Spec, { type: 'module' }>): Promise<Send> {
  const exported = await imported(url)
  const functions = Object.keys(exported).filter((name) => typeof exported[name] === 'function')
  const name = wanted ?? soleOf(functions)
  if (name === undefined)
    throw new Error(`say which export is the client, with # behind the file: ${listed(functions)}`)
  const value = exported[name]
  if (typeof value === 'function') return value as Send
  if (name in exported)
    throw new Error(`its export "${name}" is no function: expected (url, init) => Promise<Response>`)
  const { nearest } = await import('../../lib/nearest.js')
  const near = nearest(name, functions)
  throw new Error(`it has no export "${name}"${near ? `, did you mean "${near}"?` : '.'} ${listed(functions)}`)
}

const soleOf = (names: readonly string[]): string | undefined =>
  names.includes('default') ? 'default' : names.length === 1 ? names[0] : undefined

const listed = (names: readonly string[]): string =>
  names.length === 0 ? 'It exports no function' : `Its functions are: ${names.join(', ')}`

async function imported(url: string): Promise<Record<string, unknown>> {
  try {
    return (await import(url)) as Record<string, unknown>
  } catch (error) {
    throw new Error(`it could not be loaded: ${error instanceof Error ? error.message : String(error)}`)
  }
}
