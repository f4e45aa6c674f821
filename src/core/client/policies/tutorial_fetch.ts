import { z } from 'zod'
import type { PolicyKind } from './policy.js'
import { againOrFail, tutorialKeys } from './tutorial.js'

const schema = z.strictObject({ type: z.literal('tutorial_fetch'), ...tutorialKeys })

/**
 * As it is written there: all is thrown and caught in one loop, so every failure, every status outside 200 to 299 and every
 * body that is no JSON is tried again, and so is the empty one of a 204. On the last attempt what was thrown is thrown on,
 * the 502's own error among them. The method does not matter. It has no timeout: write `timeout: 500h` beside the policy.
 */
export const tutorial_fetch = {
  summary:
    'a tutorial in JavaScript: any failure, any status but 2xx, any bad JSON again after 1, 2, 4, 8 s; no timeout',
  source: 'curl-status-guide, "JavaScript with fetch", as written there',
  schema,
  readsJson: true,
  judge(policy, n, { failure, status = 0, json }) {
    const isOk = !failure && status >= 200 && status <= 299
    return isOk && json !== false ? 'success' : againOrFail(policy, n)
  },
} as const satisfies PolicyKind<z.output<typeof schema>>
