/**
 * The lines that a program and an audit tell each other, one JSON object each: docs/auditing-programs.md is what users read.
 * lines.ts calls it. Pure: no process, no clock.
 */
import { z } from 'zod'
import { suggestion } from '../../lib/nearest.js'
import type { Answer, Call, Lacks } from '../driver.js'

/** What a program can say that it can. */
const ABILITIES = ['abort', 'methods', 'body', 'many'] as const

/** JSON of many languages has null for what is not there. */
const text = z.string().nullish()

const readySchema = z.object({
  ready: z.literal(true),
  name: text,
  version: text,
  can: z
    .array(
      z.enum(ABILITIES, {
        error: ({ input }) => `unknown ability ${JSON.stringify(input)}, ${suggestion(String(input), ABILITIES)}`,
      }),
    )
    .nullish(),
})

const answerSchema = z.object({
  status: z.int().min(100).max(599).nullish(),
  body: text,
  error: z
    .object({ name: z.string(), message: z.string(), code: z.union([z.string(), z.number()]).nullish() })
    .nullish(),
})

export type Ready = z.infer<typeof readySchema>

/** What a line says. */
export type Heard =
  | { type: 'ready'; ready: Ready }
  /** Somebody wanted to say so, and made mistakes. */
  | { type: 'not-ready'; problems: string[] }
  | { type: 'answer'; id: string; answer: Omit<Answer, 'ms'> }
  | { type: 'nothing'; why: string }

export function heard(line: string): Heard {
  const value = parsed(line)
  if (typeof value !== 'object' || value === null) return { type: 'nothing', why: 'is no JSON object' }
  if ('ready' in value) {
    const ready = readySchema.safeParse(value)
    return ready.success
      ? { type: 'ready', ready: ready.data }
      : { type: 'not-ready', problems: problemsOf(ready.error) }
  }
  if (!('id' in value) || typeof value.id !== 'string') return { type: 'nothing', why: 'has no "id" that is a string' }
  return { type: 'answer', id: value.id, answer: answerIn(value) }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

/** A caller who is told something that is no answer was told, and goes on. */
function answerIn(value: object): Omit<Answer, 'ms'> {
  const { success, data, error } = answerSchema.safeParse(value)
  if (!success) {
    const message = `the line that answers is wrong: ${problemsOf(error).join('; ')}`
    return { error: { name: 'BadAnswer', code: 'BADGATEWAY_BAD_ANSWER', message } }
  }
  const { status, body, error: thrown } = data
  const code = thrown?.code ?? undefined
  return {
    ...(typeof status === 'number' && { status }),
    ...(typeof body === 'string' && { body }),
    ...(thrown && {
      error: { name: thrown.name, message: thrown.message, ...(code !== undefined && { code: String(code) }) },
    }),
  }
}

const problemsOf = ({ issues }: z.ZodError): string[] =>
  issues.map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`))

/** Of a program that never said anything, nothing is expected. */
export function lacksOf({ can }: Pick<Ready, 'can'>): Lacks {
  const missing = ABILITIES.filter((ability) => !can?.includes(ability))
  return {
    ...Object.fromEntries(missing.map((ability) => [ability, `it did not say that it can: "can": ["${ability}"]`])),
    stream: 'a line holds the whole of a body',
    form: 'a line holds a body as a text',
  }
}

export function callLine(id: string, { url, method, headers, body, proxy }: Call): string {
  return line({ id, url, method, headers, ...(body && { body: body.text }), ...(proxy && { proxy }) })
}

export const abortLine = (id: string): string => line({ id, abort: true })

const line = (value: object): string => `${JSON.stringify(value)}\n`
