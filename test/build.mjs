/**
 * Makes .built/test out of test/*.ts, for the product as it was built: .built/src is dist. A loader of TypeScript would
 * cost each of the many files a second; `npx tap test/x.test.ts` runs a single one with such a loader (typescript.mjs).
 */
import { copyFileSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
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
// What tests of every runner share is JavaScript, and imports the package by its name.
mkdirSync('.built/test/rig/runners', { recursive: true })
copyFileSync('test/rig/runners/shared.mjs', '.built/test/rig/runners/shared.mjs')
symlinkSync('../dist', '.built/src', 'junction')
