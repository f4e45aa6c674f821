/** What a program says of itself when it is asked for its version. command.ts and lines.ts call it. */
import { basename } from 'node:path'
import { startGroup } from './group.js'
import { environment } from './telling.js'

/** Who is not done by then is not waited for. */
const VERSION_LIMIT_MS = 3000

// Those of a test suite that fakes its own later do not ring.
const { setTimeout, clearTimeout } = globalThis

/** The first line of it, under the program's name; empty where it says none. */
export async function versionsOf(program: string): Promise<Record<string, string>> {
  const group = startGroup(program, ['--version'], environment(process.env))
  const limit = setTimeout(group.kill, VERSION_LIMIT_MS)
  const { code, stdout, lastWords } = await group.ended
  clearTimeout(limit)
  if (code !== 0) return {}
  const said = (stdout.trim() === '' ? lastWords : stdout.trim()).split('\n')[0]!.trim()
  return said === '' ? {} : { [basename(program)]: said.slice(0, 200) }
}
