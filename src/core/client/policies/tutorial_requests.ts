import { z } from 'zod'
import type { PolicyKind } from './policy.js'
import { againOrFail, tutorialKeys } from './tutorial.js'

const schema = z.strictObject({ type: z.literal('tutorial_requests'), ...tutorialKeys })

/**
 * As it is written there: whatever `requests` throws is caught and tried again, and that is every failure, the error of
 * `raise_for_status` for a 404 and that of a body which is no JSON. Any other status than 200 and below 400 (a 204, a 304)
 * raises nothing and falls through to the next round, at once; after the last one the function returns None, which to its
 * caller is no error. The method does not matter. In the original `timeout=30`: write `timeout: 30s` beside the policy.
 */
export const tutorial_requests = {
  summary:
    'a tutorial in Python: any failure, 404 or bad JSON again after 1, 2, 4, 8 s; a 204 at once, and then it is nothing',
  source: 'curl-status-guide, "Python with requests", as written there',
  schema,
  readsJson: true,
  judge(policy, n, { failure, status = 0, json }) {
    if (failure || status >= 400) return againOrFail(policy, n)
    if (status === 200) return json === false ? againOrFail(policy, n) : 'success'
    return n < policy.attempts ? { again_after_ms: 0 } : 'success'
  },
} as const satisfies PolicyKind<z.output<typeof schema>>
