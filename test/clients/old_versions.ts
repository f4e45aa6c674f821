/**
 * Versions of libraries in which something was wrong that has been mended since: pinned among the devDependencies, so that a
 * rule is seen to tell the old one from the new one. For tests.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Subject } from '../../src/clients/driver.js'
import { findPackage } from '../../src/clients/find.js'
import { libraries } from '../../src/clients/index.js'
import { librarySubject, type SubjectOptions } from '../../src/clients/library.js'
import { startHost } from '../../src/clients/process.js'

const repository = process.cwd()

export interface OldVersion {
  /** As src/clients/index.ts names it. */
  library: string
  /** The package that is old, and the name under which the old one is installed. */
  package: string
  alias: string
  version: string
  /** The rule that the old one breaks, and the new one does not. */
  rule: string
  because: string
}

export const oldVersions: readonly OldVersion[] = [
  {
    library: 'p-retry',
    package: 'p-retry',
    alias: 'p-retry-old',
    version: '4.6.2',
    rule: 'retries-reset',
    because:
      'it knew errors of the network by the words of browsers, and "fetch failed" of Node was none (issues 37 to 72)',
  },
  {
    library: 'axios-retry',
    package: 'axios-retry',
    alias: 'axios-retry-old',
    version: '4.1.0',
    rule: 'honours-retry-after',
    because: 'Retry-After is read since 4.2 (issues 72 and 270)',
  },
  {
    library: 'undici-retry-interceptor',
    package: 'undici',
    alias: 'undici-old',
    version: '7.0.0',
    rule: 'retry-after-date',
    because: 'a date was read as a number and then forgotten: retry-handler.js passed NaN on',
  },
]

/** The driver of the library, with the old package in the place of the new one. */
export function oldSubject(old: OldVersion, options: Pick<SubjectOptions, 'timeScale'> = {}): Subject {
  const driver = libraries[old.library]!
  const subject = librarySubject(old.library, driver, { ...options, folder: repository })
  const urlOf = (name: string) => findPackage(name === old.package ? old.alias : name, repository)!.url
  const packages = Object.fromEntries(driver.packages.map((name) => [name, urlOf(name)]))
  const { version } = JSON.parse(readFileSync(join(repository, 'node_modules', old.alias, 'package.json'), 'utf8'))
  return {
    ...subject,
    name: old.alias,
    versions: { ...subject.versions, [old.package]: version },
    start: () =>
      startHost({
        name: old.alias,
        spec: { type: 'library', name: old.library, packages },
        timeScale: subject.timeScale,
        folder: repository,
      }),
  }
}
