/**
 * Makes .built/test out of test/*.ts, for the product as it was built: .built/src is dist. A loader of TypeScript would
 * cost each of the many files a second; `npx tap test/x.test.ts` runs a single one with such a loader (typescript.mjs).
 */
import { mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { build } from 'esbuild'

const files = readdirSync('test', { recursive: true }).filter((name) => name.endsWith('.ts'))

rmSync('.built', { recursive: true, force: true })
await build({
  entryPoints: files.map((name) => `test/${name}`),
  outdir: '.built/test',
  outbase: 'test',
  format: 'esm',
  platform: 'node',
  target: 'node20',
  sourcemap: 'inline',
  sourcesContent: false,
  logLevel: 'warning',
})
mkdirSync('.built', { recursive: true })
symlinkSync('../dist', '.built/src', 'junction')
