/** What the commands know of where they run. */
import { fileURLToPath } from 'node:url'

/** The scenarios that come with the package. */
export const catalogue = fileURLToPath(new URL('../../scenarios', import.meta.url))

/** Those of them that are causes: the others show what guides claim of remedies. */
export const causes = `${catalogue}/causes`

/** Colours are for terminals, unless --no-color or NO_COLOR says no (no-color.org). */
export const coloured = (out: { isTTY?: boolean }): boolean =>
  out.isTTY === true && !process.env.NO_COLOR && !process.argv.includes('--no-color')
