/** Numbers of the command line. */
import { InvalidArgumentError } from 'commander'

/** Reads a whole number in that range, digits only. */
export function wholeNumber(least: number, most = Number.POSITIVE_INFINITY): (text: string) => number {
  return (text) => {
    const number = Number(text)
    if (/^\d+$/.test(text) && Number.isSafeInteger(number) && number >= least && number <= most) return number
    const range = most === Number.POSITIVE_INFINITY ? `from ${least}` : `from ${least} to ${most}`
    throw new InvalidArgumentError(`Expected a whole number ${range}.`)
  }
}
