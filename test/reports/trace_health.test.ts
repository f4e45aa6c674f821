/** The servers' part of a trace: every turn in order, checks that went alike once. */
import { test } from 'tap'
import { traceLines } from '../../src/reports/trace.js'
import * as make from '../journal/events.js'
import { times } from '../journal/events.js'

test('turns and checks stand behind the requests, under their own heading', async (t) => {
  const refused = { why: 'connection refused' }
  const lines = traceLines([
    ...times(2, make.healthCheck('passed', { status: 200 })),
    make.healthCheck('passed', { server: 'app2' }),
    ...times(3, make.healthCheck('failed', refused)),
    make.turned('down', { t: 40, why: '3 checks in a row failed: connection refused' }),
    make.turned('excluded', { t: 1500, server: 'app2' }),
  ])
  t.same(lines, [
    'servers',
    'lb         server    app1 down at 40 ms: 3 checks in a row failed: connection refused',
    'lb         server    app2 excluded at 1.50 s',
    'lb         check     app1 passed: status 200  (2 checks)',
    'lb         check     app2 passed',
    'lb         check     app1 failed: connection refused  (3 checks)',
  ])
})

test('without any, there is no such part', async (t) => t.same(traceLines([]), []))
