/** What a user names, as something that can be audited: a library's name, or a file of theirs. */
import { ScenarioError } from '../lib/errors.js'
import { suggestion } from '../lib/nearest.js'
import type { Subject } from './driver.js'
import { libraries } from './index.js'
import { librarySubject, type SubjectOptions } from './library.js'
import { isModule, moduleSubject } from './module.js'

/**
 * @throws ScenarioError for a name that is no library that we know, and no file
 * @throws CannotRunError when it is not installed
 */
export function subjectNamed(name: string, options: SubjectOptions = {}): Subject {
  if (Object.hasOwn(libraries, name)) return librarySubject(name, libraries[name]!, options)
  if (isModule(name)) return moduleSubject(name, options)
  const near = suggestion(name, Object.keys(libraries))
  const message = `unknown client "${name}", ${near} "badgateway list clients" has all; a file is named by its path: ./client.js#send`
  throw new ScenarioError([{ path: '', message }])
}
