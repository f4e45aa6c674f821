import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { sideBySide, underFakedTimers } from './shared.mjs'

test('rigs side by side', { concurrency: true }, () => sideBySide(assert.equal))

test('under faked timers', async () => {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'setImmediate', 'Date'], now: 0 })
  try {
    await underFakedTimers(assert.equal)
  } finally {
    mock.timers.reset()
  }
})
