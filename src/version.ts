/** The version of this package, as its package.json says. */
import { createRequire } from 'node:module'

/** From `src/` in tests and from `dist/` when installed, package.json is one folder up. */
export const version: string = (createRequire(import.meta.url)('../package.json') as { version: string }).version
