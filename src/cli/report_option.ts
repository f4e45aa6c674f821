/** `--report FORMAT[=FILE]`, as the commands that have it read it: which report goes where. Knows no format itself. */
import { InvalidArgumentError, Option } from 'commander'
import { ScenarioError } from '../lib/errors.js'
import { suggestion } from '../lib/nearest.js'

export interface AskedReport<Format extends string> {
  format: Format
  /** undefined: standard output. */
  file: string | undefined
}

/** @param standard what there is without it, for the help */
export function reportOption<Format extends string>(
  formats: readonly Format[],
  description: string,
  standard: string,
): Option {
  const parse = (text: string, all: AskedReport<Format>[]): AskedReport<Format>[] => {
    const [word, ...file] = text.split('=')
    const format = formats.find((one) => one === word)
    if (format === undefined) {
      throw new InvalidArgumentError(`Unknown format "${word}", ${suggestion(word!, formats)}`)
    }
    if (file.length > 0 && file.join('=') === '') throw new InvalidArgumentError(`Expected a file after "${format}=".`)
    return [...all, { format, file: file.length > 0 ? file.join('=') : undefined }]
  }
  return new Option('--report <format[=file]>', description).argParser(parse).default([], standard)
}

/**
 * The one report that goes to standard output; what people read then goes to standard error.
 * @throws ScenarioError for more than one
 */
export function pipedReport<Format extends string>(asked: readonly AskedReport<Format>[]): Format | undefined {
  const [piped, ...more] = new Set(asked.filter(({ file }) => file === undefined).map(({ format }) => format))
  if (more.length === 0) return piped
  const message = `${[piped, ...more].join(' and ')} can't share standard output: write --report ${more[0]}=FILE`
  throw new ScenarioError([{ path: '', message }])
}
