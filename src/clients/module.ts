/** The subject of a user's own file, `./client.ts#send`: an export that takes (url, init) and answers with a Response. */
import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { CannotRunError, ScenarioError } from '../lib/errors.js'
import type { Subject } from './driver.js'
import { findPackage } from './find.js'
import { FAST, type SubjectOptions } from './library.js'
import { startHost } from './process.js'

const MOST_ATTEMPTS = 20

/** Whether that is a file and not the name of a library. */
export const isModule = (name: string): boolean => /^(\.{0,2}\/|file:)|\.[cm]?[jt]s(#|$)/.test(name)

/**
 * @throws ScenarioError when there is no such file; its start() when it has no such export
 * @throws CannotRunError when it needs a loader that is not there
 */
export function moduleSubject(name: string, options: SubjectOptions = {}): Subject {
  const { folder = process.cwd(), timeScale = FAST } = options
  const hash = name.indexOf('#')
  const path = hash < 0 ? name : name.slice(0, hash)
  const file = path.startsWith('file:') ? new URL(path) : pathToFileURL(resolve(folder, path))
  if (!isFile(file)) {
    throw new ScenarioError([
      { path: '', message: `${path}: there is no such file. Expected a path like ./client.js#send` },
    ])
  }
  const loader = /\.[cm]?ts$/.test(file.pathname) ? loaderOfTypeScript(path, folder) : undefined
  const wanted = hash < 0 ? undefined : name.slice(hash + 1)
  return {
    name,
    kind: 'module',
    versions: {},
    timeScale,
    mostAttempts: MOST_ATTEMPTS,
    lacks: {},
    start: () =>
      startHost({ name, spec: { type: 'module', url: file.href, export: wanted }, timeScale, folder, loader }),
  }
}

/** What can't be looked at is not there for us, such as one on another machine, or with a name that is too long. */
function isFile(file: URL): boolean {
  try {
    return statSync(file).isFile()
  } catch {
    return false
  }
}

/** tsx, or undefined where Node reads TypeScript by itself. */
function loaderOfTypeScript(path: string, folder: string): string | undefined {
  const tsx = findPackage('tsx', folder)
  if (tsx) return tsx.url
  if ((process.features as { typescript?: unknown }).typescript) return undefined
  throw new CannotRunError(
    `${path} is TypeScript, and nothing here reads it`,
    'Run: npm install --save-dev tsx, or name a .js file',
  )
}
