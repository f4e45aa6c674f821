/** How a program ended, in words. command.ts and lines.ts call it. Pure but for the names of this system's signals. */
import { constants } from 'node:os'
import type { Ended } from './group.js'

/** `curl ended with exit code 22: The requested URL returned error: 503` */
export function toldEnd(name: string, { code, lastWords }: Pick<Ended, 'code' | 'lastWords'>): string {
  const signal = signalOf(code)
  const what = code === null ? `${name} could not be started` : `${name} ended with exit code ${code}`
  return `${signal ? `${what} (${signal})` : what}${lastWords ? `: ${lastWords}` : ''}`
}

/** A shell tells the end by a signal as 128 and its number. */
export const signalOf = (code: number | null): string | undefined =>
  Object.entries(constants.signals).find(([, number]) => code === 128 + number)?.[0]
