/**
 * The mini proxy in nginx's dialect beside the real nginx; docs/nginx.md is written from here: `node .ci/answers.mjs nginx`.
 * Other variations once in a while: SEED=… npx tap test/alone/answers_nginx.ts.
 * Some causes load the machine: no other test runs beside them.
 */
import t from 'tap'
import { nginx } from '../conformance/answers/products/nginx.js'
import { proveAnswers } from '../conformance/answers/prove.js'

t.test('the mini proxy answers and logs as nginx does', (t) => proveAnswers(t, nginx))
