/**
 * The mini proxy in HAProxy's dialect beside the real HAProxy; docs/haproxy.md is written from here:
 * `node .ci/answers.mjs haproxy`. Other variations once in a while: SEED=… npx tap test/slow/answers_haproxy.ts.
 * Some causes load the machine: no other test runs beside them.
 */
import t from 'tap'
import { haproxy } from '../conformance/answers/products/haproxy.js'
import { proveAnswers } from '../conformance/answers/prove.js'

t.test('the mini proxy answers and logs as HAProxy does', (t) => proveAnswers(t, haproxy))
