/** reports/sample/ is what a run leaves now. GOLDEN=write makes it anew. */
import { test } from 'tap'
import { assertEnded, repository, start } from './command.js'

test('reports/sample is rebuilt and compared', async (t) => {
  const sample = (...options: string[]) =>
    start(process.execPath, ['.ci/sample.mjs', ...options], { cwd: repository }).ended
  if (process.env.GOLDEN === 'write') assertEnded(t, await sample(), 0)
  assertEnded(t, await sample('--check'), 0, 'reports/sample/ is what a run of')
})
