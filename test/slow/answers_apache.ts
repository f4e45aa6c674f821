/**
 * The mini proxy in Apache's dialect beside the real Apache; docs/apache.md is written from here: `node .ci/answers.mjs apache`.
 * Other variations once in a while: SEED=… npx tap test/slow/answers_apache.ts.
 * Some causes load the machine: no other test runs beside them.
 */
import t from 'tap'
import { apache } from '../conformance/answers/products/apache.js'
import { proveAnswers } from '../conformance/answers/prove.js'

t.test('the mini proxy answers and logs as Apache does', (t) => proveAnswers(t, apache))
