/**
 * The mini proxy in Caddy's dialect beside the real Caddy; docs/caddy.md is written from here: `node .ci/answers.mjs caddy`.
 * Other variations once in a while: SEED=… npx tap test/slow/answers_caddy.ts.
 * Some causes load the machine: no other test runs beside them.
 */
import t from 'tap'
import { caddy } from '../conformance/answers/products/caddy.js'
import { proveAnswers } from '../conformance/answers/prove.js'

t.test('the mini proxy answers and logs as Caddy does', (t) => proveAnswers(t, caddy))
