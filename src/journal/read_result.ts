/**
 * A result read back: the JSON that a run leaves, of this version or of another one. `compare` reads it. What is not known
 * is kept; what is needed must be there.
 */
import { z } from 'zod'
import { type Problem, ScenarioError } from '../lib/errors.js'
import type { RunResult } from './result.js'

const verdict = z.enum(['pass', 'fail', 'inconclusive', 'skipped', 'error'])
const clients = z.record(z.string(), z.record(z.string(), z.unknown()))

const resultSchema = z.looseObject({
  version: z.string(),
  engine: z.string(),
  proxy: z.string(),
  seed: z.number(),
  verdict,
  started: z.string(),
  interrupted: z.boolean(),
  scenarios: z.array(
    z.looseObject({
      id: z.string(),
      title: z.string(),
      verdict,
      seed: z.number(),
      clients,
      repeats: z.array(z.looseObject({ seed: z.number(), verdict, clients })).optional(),
    }),
  ),
})

/**
 * @param file as the user named it
 * @throws ScenarioError when it is no result of a run
 */
export function parseResult(text: string, file: string): RunResult {
  const problem = (path: string, message: string): Problem => ({ file, path, message })
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    const message = `not the result of a run, for it is no JSON: ${(error as Error).message}`
    throw new ScenarioError([problem('', message)])
  }
  const parsed = resultSchema.safeParse(value)
  if (parsed.success) return parsed.data as unknown as RunResult
  const [first, ...more] = parsed.error.issues
  const where = first!.path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`)).join('')
  const count = more.length > 0 ? `, and ${more.length} more such` : ''
  throw new ScenarioError([problem(where.replace(/^\./, ''), `not the result of a run: ${first!.message}${count}`)])
}
