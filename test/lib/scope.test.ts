/** What was opened is closed: last first, all of it, once. */
import fc from 'fast-check'
import { test } from 'tap'
import { createScope } from '../../src/lib/scope.js'

type Step = 'sync' | 'async' | 'throws' | 'rejects'

const anyStep = fc.constantFrom<Step>('sync', 'async', 'throws', 'rejects')

/** A scope with these steps, and the numbers of those that ran. */
function scopeOf(steps: readonly Step[]) {
  const scope = createScope()
  const ran: number[] = []
  for (const [number, step] of steps.entries()) {
    scope.add(() => {
      if (step === 'sync') return void ran.push(number)
      if (step === 'throws') {
        ran.push(number)
        throw new Error(`step ${number}`)
      }
      return Promise.resolve().then(() => {
        ran.push(number)
        if (step === 'rejects') throw new Error(`step ${number}`)
      })
    })
  }
  return { scope, ran }
}

const failed = (steps: readonly Step[]): string[] =>
  steps.flatMap((step, n) => (step === 'throws' || step === 'rejects' ? [`step ${n}`] : [])).reverse()

test('every step runs, last first, whichever fail, and the failures are told', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { maxLength: 8 }), async (steps) => {
      const { scope, ran } = scopeOf(steps)
      const told = await scope.close().then(() => [], messagesOf)
      return String(ran) === String(steps.map((_, n) => n).reverse()) && String(told) === String(failed(steps))
    }),
  )
  t.pass()
})

test('closing twice, or while it closes, runs nothing twice', async (t) => {
  const { scope, ran } = scopeOf(['sync', 'async', 'async'])
  await Promise.all([scope.close(), scope.close()])
  await scope.close()
  t.strictSame(ran, [2, 1, 0])
})

test('whoever closes it waits for the steps', async (t) => {
  const { scope, ran } = scopeOf(['async', 'async'])
  const first = scope.close()
  await scope.close()
  t.strictSame(ran, [1, 0])
  await first
})

test('it closes at the end of its block', async (t) => {
  const { scope, ran } = scopeOf(['sync', 'async'])
  {
    await using _held = scope
    t.strictSame(ran, [])
  }
  t.strictSame(ran, [1, 0])
})

test('a step may add what it found to close', async (t) => {
  const scope = createScope()
  const ran: string[] = []
  scope.add(() => void ran.push('outer'))
  scope.add(() => {
    ran.push('first')
    scope.add(() => void ran.push('found'))
  })
  await scope.close()
  t.strictSame(ran, ['first', 'found', 'outer'])
})

function messagesOf(error: Error): string[] {
  return error instanceof AggregateError ? error.errors.map((one: Error) => one.message) : [error.message]
}
