/** Kinds as people write them: the bare word is the object with nothing but its type. */
import { test } from 'tap'
import { z } from 'zod'
import { kindSchema } from '../../src/lib/registry.js'

const animals = {
  cat: { summary: 'walks alone', schema: z.strictObject({ type: z.literal('cat'), lives: z.int().default(9) }) },
  dog: { summary: 'needs an owner', schema: z.strictObject({ type: z.literal('dog'), owner: z.string() }) },
} as const

const schema = kindSchema(animals, 'animal')

test('a bare word is the object with its defaults', async (t) => {
  t.strictSame(schema.parse('cat'), { type: 'cat', lives: 9 })
  t.strictSame(schema.parse({ type: 'cat' }), { type: 'cat', lives: 9 })
  t.strictSame(schema.parse({ type: 'cat', lives: 3 }), { type: 'cat', lives: 3 })
  t.strictSame(schema.parse({ type: 'dog', owner: 'me' }), { type: 'dog', owner: 'me' })
})

test('each wrong has its own words', async (t) => {
  const table: [input: unknown, message: string][] = [
    ['cta', 'unknown animal "cta", did you mean "cat"?'],
    ['horse', 'unknown animal "horse", expected one of: cat, dog'],
    ['dog', 'animal "dog" needs more than its name: write { type: dog, owner: … }'],
    ['toString', 'unknown animal "toString", expected one of: cat, dog'],
    [5, 'expected one of: cat, dog'],
    [undefined, 'expected one of: cat, dog'],
  ]
  for (const [input, message] of table) t.equal(schema.safeParse(input).error?.issues[0]?.message, message)
})

test('an unknown parameter is refused in the long form', async (t) => {
  t.notOk(schema.safeParse({ type: 'cat', wings: 2 }).success)
  t.notOk(schema.safeParse({ type: 'bird' }).success)
  t.notOk(schema.safeParse({}).success)
})
