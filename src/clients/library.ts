/** The subject of a driver: a library in a process of its own, whose clock runs fast. */
import { CannotRunError, ScenarioError } from '../lib/errors.js'
import type { ClientDriver, Subject } from './driver.js'
import { findPackages } from './find.js'
import { startHost } from './process.js'

/** p-retry's defaults wait for seventeen minutes. */
export const FAST = 50
/** More than any library's defaults make. */
const MOST_ATTEMPTS = 20

export interface SubjectOptions {
  /** Where packages and files of the user's are looked for; the working directory if absent. */
  folder?: string | undefined
  /** How many times as fast as the real one the client's clock runs; what its driver says, or 50, if absent. */
  timeScale?: number | undefined
}

/** @throws CannotRunError when it is not installed */
export function librarySubject(name: string, driver: ClientDriver, options: SubjectOptions = {}): Subject {
  const { folder = process.cwd(), timeScale = driver.timeScale ?? FAST } = options
  const found = Object.entries(findPackages(driver.packages, folder))
  const packages = Object.fromEntries(found.map(([one, { url }]) => [one, url]))
  const versions = Object.fromEntries(found.map(([one, { version }]) => [one, version ?? 'unknown']))
  /** A version that its driver does not know is no mistake in a command line. */
  const unlike = (error: unknown): never => {
    if (!(error instanceof ScenarioError)) throw error
    const told = Object.entries(versions).map((one) => one.join(' '))
    throw new CannotRunError(
      `${error.problems[0]!.message} (with ${told.join(', ')})`,
      `Audit another version: npm install ${driver.packages.map((one) => `${one}@latest`).join(' ')}`,
    )
  }
  return {
    name,
    kind: 'library',
    versions,
    timeScale,
    mostAttempts: MOST_ATTEMPTS,
    lacks: driver.lacks ?? {},
    start: () => startHost({ name, spec: { type: 'library', name, packages }, timeScale, folder }).catch(unlike),
  }
}
