/** Writes docs/nginx.md: the mini proxy in nginx's dialect beside the real nginx, which has to be installed. */
import { spawnSync } from 'node:child_process'

const { status } = spawnSync('npx', ['tap', 'test/alone/answers.ts'], {
  stdio: 'inherit',
  env: { ...process.env, GOLDEN: 'write', NO_SKIP: '1' },
})
process.exit(status ?? 1)
