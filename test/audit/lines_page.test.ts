/** The program of docs/auditing-programs.md, as somebody would copy it, audited as the page says. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import type { AuditRun } from '../../src/audit/result.js'
import { badgateway, lacks, repository } from '../cli/command.js'

const page = readFileSync(join(repository, 'docs/auditing-programs.md'), 'utf8')
const [, client] = /^```python client\.py\n([\s\S]*?)^```$/m.exec(page)!

/** The Debian package's Python first, as in .ci/run: there may be another that knows no requests. */
const python = ['/usr/bin/python3', 'python3'].find((program) => {
  try {
    execFileSync(program, ['-c', 'import requests'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})

test('the example', { timeout: 120_000 }, async (t) => {
  if (python === undefined) return lacks(t, 'requests is not installed: apt-get install python3-requests')
  const cwd = t.testdir({ 'client.py': client! })
  const wanted = {
    'retries-503': 'pass',
    'no-duplicate-post': 'pass',
    'honours-retry-after': 'pass',
    amplification: 'fail',
    'body-intact': 'pass',
    'abort-in-flight': 'not_applicable',
    'keeps-connections': 'pass',
  }
  const rules = Object.keys(wanted).flatMap((rule) => ['--rule', rule])
  const ended = await badgateway(['audit', '--lines', '--json', ...rules, '--', python, 'client.py'], { cwd })
  t.equal(ended.code, 1) || t.comment(ended.stderr)
  const { audits } = JSON.parse(ended.stdout) as AuditRun
  t.match(audits, [{ kind: 'command', versions: { requests: /^\d+\.\d+/ } }])
  const found = Object.fromEntries(audits[0]!.rules.map(({ rule, verdict }) => [rule, verdict]))
  t.same(found, wanted) || t.comment(JSON.stringify(audits[0]!.rules, undefined, 1))
})
