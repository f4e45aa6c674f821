import { z } from 'zod'
import { fieldValue, path } from '../../../lib/http_text.js'
import { type CheckAnswer, type CheckVerdict, healthCheckKeys } from './health_check.js'

const RANGE = /^([2-5]\d\d)-([2-5]\d\d)$/
const expected = 'expected a status such as 200, or a range such as 200-399'

const statuses = z.union(
  [
    z.int().min(200).max(599),
    z.string().refine((text) => {
      const [, from, to] = RANGE.exec(text) ?? []
      return from !== undefined && Number(from) <= Number(to)
    }, expected),
  ],
  expected,
)

/** @param least how many there have to be */
const statusList = (least: number) =>
  z.union([statuses.transform((one) => [one]), z.array(statuses).min(least)], expected)

const schema = z.strictObject({
  type: z.literal('http'),
  path: path().default('/health').meta({ description: 'What is asked for with GET' }),
  host: fieldValue().min(1).optional().meta({ description: 'The Host that is sent; the name of the hop if absent' }),
  expected_statuses: statusList(1)
    .prefault(['200-399'])
    .meta({ description: 'Statuses and ranges of them that pass: 200, 200-399, or a list' }),
  expected_body: z.string().min(1).optional().meta({ description: 'Text that the body must contain' }),
  drain_statuses: statusList(0).prefault([]).meta({
    description: 'With these it asks for no new requests, those in hand are finished; 404 in HAProxy’s disable-on-404',
  }),
  ...healthCheckKeys,
})

export const http = {
  summary: 'passed when a page answers in full, with an expected status and, if that is wanted, an expected text',
  schema,
  /** As requests go to the server. */
  scheme: undefined,
  judge(config: z.output<typeof schema>, { status, body = '' }: CheckAnswer): CheckVerdict {
    if (status === undefined) return { result: 'failed', why: 'no status' }
    if (isIn(config.drain_statuses, status)) return { result: 'drain', why: `status ${status}` }
    if (!isIn(config.expected_statuses, status)) return { result: 'failed', why: `status ${status}` }
    const { expected_body } = config
    if (expected_body === undefined || body.includes(expected_body)) return { result: 'passed' }
    return { result: 'failed', why: 'without the expected text' }
  },
} as const

const isIn = (list: readonly (number | string)[], status: number): boolean =>
  list.some((entry) => {
    if (typeof entry === 'number') return entry === status
    const [, from, to] = RANGE.exec(entry)!
    return Number(from) <= status && status <= Number(to)
  })
