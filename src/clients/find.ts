/**
 * Where a package is that an audit needs: the user's folder first, else beside badgateway; and its version. Drivers name
 * packages, library.ts asks here.
 */
import { readFileSync } from 'node:fs'
import { dirname, join, resolve as resolvePath } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { resolve } from 'import-meta-resolve'
import { CannotRunError } from '../lib/errors.js'

export interface Found {
  /** What to import. */
  url: string
  /** Undefined where its package.json says none. */
  version: string | undefined
}

/**
 * All of them, by the names they were asked for.
 * @param folder the user's
 * @throws CannotRunError with the command that installs those that are missing
 */
export function findPackages(names: readonly string[], folder: string): Record<string, Found> {
  const found = names.map((name) => [name, findPackage(name, folder)] as const)
  const missing = found.filter(([, where]) => where === undefined).map(([name]) => packageOf(name))
  if (missing.length > 0) {
    const are = missing.length === 1 ? 'is' : 'are'
    throw new CannotRunError(`${missing.join(' and ')} ${are} not installed`, `Run: npm install ${missing.join(' ')}`)
  }
  return Object.fromEntries(found) as Record<string, Found>
}

export function findPackage(name: string, folder: string): Found | undefined {
  const beside = import.meta.url
  const users = pathToFileURL(join(resolvePath(folder), 'client.js')).href
  for (const from of [users, beside]) {
    const url = resolved(name, from)
    if (url !== undefined) return { url, version: versionOf(packageOf(name), url) }
  }
  return undefined
}

/** `@scope/name` of `@scope/name/part`. */
const packageOf = (name: string): string =>
  name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/')

function resolved(name: string, from: string): string | undefined {
  try {
    const url = resolve(name, from)
    // What is named like a module of Node's is that one.
    readFileSync(fileURLToPath(url))
    return url
  } catch {
    return undefined
  }
}

/** Some folders in a package have a package.json of their own that says no name. */
function versionOf(name: string, url: string): string | undefined {
  for (let folder = dirname(fileURLToPath(url)); folder !== dirname(folder); folder = dirname(folder)) {
    const described = packageJson(join(folder, 'package.json'))
    if (described?.name === name) return described.version
  }
  return undefined
}

function packageJson(path: string): { name?: string; version?: string } | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}
