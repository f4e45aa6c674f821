/**
 * Whether a program can be run at all, asked before anything is: where it is, or why not and what to do. command.ts
 * calls it; it runs nothing.
 */
import { accessSync, constants, type Stats, statSync } from 'node:fs'
import { delimiter, extname, join } from 'node:path'
import { CannotRunError } from '../../lib/errors.js'
import { nearest } from '../../lib/nearest.js'

/** What people audit, and how they get it. */
const INSTALLING: Readonly<Record<string, string>> = {
  curl: 'apt-get install curl',
  wget: 'apt-get install wget',
  python3: 'apt-get install python3',
}

/** Who runs a script that is not executable by itself. */
const INTERPRETERS: Readonly<Record<string, string>> = { '.py': 'python3', '.js': 'node', '.mjs': 'node', '.sh': 'sh' }

/**
 * @param name a path where it has a slash, else a name in PATH
 * @returns its path
 * @throws CannotRunError with the remedy
 */
export function lookUp(name: string, path: string): string {
  if (!name.includes('/')) return inPath(name, path)
  const stats = statsOf(name)
  if (!stats) throw new CannotRunError(`${name} does not exist`, 'Write the path of a program, or its name.')
  if (stats.isDirectory()) throw new CannotRunError(`${name} is a directory`, 'Name a program in it.')
  if (isExecutable(name)) return name
  const interpreter = INTERPRETERS[extname(name)]
  const other = interpreter ? `, or name its interpreter: ${interpreter} ${name}` : ''
  throw new CannotRunError(`${name} is not executable`, `Run chmod +x ${name}${other}.`)
}

function inPath(name: string, path: string): string {
  const found = path
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((file) => statsOf(file)?.isFile() && isExecutable(file))
  if (found !== undefined) return found
  throw new CannotRunError(`There is no program "${name}" in PATH`, remedyFor(name))
}

function remedyFor(name: string): string {
  const here = statsOf(name)
  if (here?.isFile()) return `For the one in this folder, write ./${name}.`
  const command = INSTALLING[name]
  if (command !== undefined) return `Install it: ${command}`
  const near = nearest(name, Object.keys(INSTALLING))
  if (near === undefined) return 'Install it, or write its path.'
  return `Did you mean "${near}"? If that is missing too: ${INSTALLING[near]}`
}

/** What can't be looked at is not there for us: a loop of links, a folder that we may not read, a name that is too long. */
function statsOf(file: string): Stats | undefined {
  try {
    return statSync(file)
  } catch {
    return undefined
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
