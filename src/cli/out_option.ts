/** `--out <dir>`, as the commands that have it read it. */
import { InvalidArgumentError, Option } from 'commander'

export const outOption = (description: string): Option =>
  new Option('--out <dir>', description).default('reports').argParser((text) => {
    // It would be the current folder.
    if (text === '') throw new InvalidArgumentError('Expected a folder.')
    return text
  })
