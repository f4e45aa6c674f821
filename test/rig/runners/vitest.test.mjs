import { expect, test, vi } from 'vitest'
import { sideBySide, underFakedTimers } from './shared.mjs'

const equal = (actual, expected) => expect(actual).toBe(expected)

test.concurrent('rigs side by side', () => sideBySide(equal))

test('under faked timers', async () => {
  vi.useFakeTimers({ now: 0 })
  try {
    await underFakedTimers(equal)
  } finally {
    vi.useRealTimers()
  }
})
