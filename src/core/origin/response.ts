/** What an origin answers when nothing is wrong: a hop's usual response, and what the effect `respond` sends instead. */
import { z } from 'zod'
import { fields } from '../../lib/http_text.js'
import { size } from '../../lib/quantity.js'

const keys = {
  status: z.int().min(200).max(599).default(200),
  headers: fields(),
  body: z.string().optional().meta({ description: 'The body as it stands' }),
  size: size().optional().meta({ description: 'A body of that size instead' }),
  echo: z
    .boolean()
    .default(false)
    .meta({ description: 'The body tells what arrived instead: a JSON object of the request, as the origin read it' }),
  framing: z
    .enum(['content-length', 'chunked', 'close'])
    .default('content-length')
    .meta({ description: 'How the end of the body is told' }),
}

/** A schema with these keys, and perhaps some more: of the three ways to say what the body is, one at most. */
export const responseWith = <More extends z.ZodRawShape>(more: More) =>
  z.strictObject({ ...more, ...keys }).superRefine((response, context) => {
    const { body, size, echo } = response as z.output<z.ZodObject<typeof keys>>
    const given = [body !== undefined && 'body', size !== undefined && 'size', echo && 'echo'].filter((key) => key)
    const [first, second] = given as string[]
    if (second === undefined) return
    const message = `a response takes ${article(first!)} or ${article(second)}, not both`
    context.addIssue({ code: 'custom', path: [second], message })
  })

const article = (key: string): string => `${key === 'echo' ? 'an' : 'a'} ${key}`

export const responseSchema = responseWith({})

export type ResponseConfig = z.output<typeof responseSchema>
