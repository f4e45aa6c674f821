/**
 * The files of a configuration, read where nginx would look for them: what an `include` names stands relative to the
 * folder of the first file. It alone of this folder touches the disk; scenario/ and the command line call it.
 */
import { readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { globSync, isDynamicPattern } from 'tinyglobby'
import { ScenarioError } from '../../lib/errors.js'
import type { Include } from './read.js'
import type { ConfSource } from './tokens.js'

/** @throws ScenarioError when it can't be read */
export function readConfFile(file: string): ConfSource {
  const text = textOf(file)
  if (text instanceof Error) throw new ScenarioError([{ file, path: '', message: `can't be read: ${text.message}` }])
  return { file, text }
}

/** What includes of that file mean; of a text without a file, relative ones mean nothing. */
export function includeBeside(file: string | undefined): Include {
  return (pattern) => {
    if (file === undefined && !pattern.startsWith('/')) return 'there is no file beside which it would be'
    const folder = dirname(file ?? '/')
    const path = resolve(folder, pattern)
    if (!isDynamicPattern(pattern)) return oneFile(shown(folder, path, pattern))
    const names = globSync([path], { absolute: true, expandDirectories: false }).sort()
    const sources: ConfSource[] = []
    for (const name of names) {
      const source = oneFile(shown(folder, name, pattern))
      if (typeof source === 'string') return `${name}: ${source}`
      sources.push(...source)
    }
    return sources
  }
}

/** As the user would name it. */
const shown = (folder: string, path: string, pattern: string): string =>
  pattern.startsWith('/') ? path : join(folder, relative(folder, path))

function oneFile(file: string): ConfSource[] | string {
  const text = textOf(file)
  return text instanceof Error ? text.message : [{ file, text }]
}

function textOf(file: string): string | Error {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file))
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return new Error(REASONS[code ?? ''] ?? message)
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  ENOTDIR: 'no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a folder',
  ERR_ENCODING_INVALID_ENCODED_DATA: 'it is not UTF-8 text',
}
