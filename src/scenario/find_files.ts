/**
 * Which files a pattern of the command line means: a file, a folder, a glob or an id of the catalogue. files.ts calls it;
 * it reads none of them.
 */
import type { Dirent } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { basename, dirname, extname, join, relative, resolve } from 'node:path'
import { type FileSystemAdapter, glob, isDynamicPattern } from 'tinyglobby'
import type { Problem } from '../lib/errors.js'
import { nearest } from '../lib/nearest.js'
import { isLink, unreadable } from './unreadable.js'

const IN_FOLDER = '**/*.{yaml,yml,json}'
const IGNORED = ['**/node_modules/**']
const EXTENSIONS = ['.yaml', '.yml', '.json']

/** What a pattern means, and what is wrong with it or in it. */
export interface Meant {
  files: string[]
  problems: Problem[]
}

export async function filesOf(pattern: string, cwd: string, catalogue: string): Promise<Meant> {
  const wrong = (message: string): Meant => ({ files: [], problems: [{ file: pattern, path: '', message }] })
  if (pattern === '') return wrong('an empty argument: expected a file, a folder, a glob or an id of the catalogue')
  const path = resolve(cwd, pattern)
  const what = await stat(path).catch((error: NodeJS.ErrnoException) => error)
  if (!(what instanceof Error)) {
    if (!what.isDirectory()) return { files: [pattern], problems: [] }
    const found = named(await filesIn(path, IN_FOLDER), (name) => join(pattern, name))
    return isNothing(found) ? wrong('no scenario file (*.yaml, *.yml, *.json) in it') : found
  }
  if (what.code === 'EACCES' || what.code === 'ELOOP' || (await isLink(path)))
    return wrong(await unreadable(path, what))
  if (isDynamicPattern(pattern)) {
    const found = named(await filesIn(cwd, pattern), (name) => name || '.')
    return isNothing(found) ? wrong('no scenario file matches') : found
  }
  const ofCatalogue = (await filesIn(catalogue, IN_FOLDER)).files
  const files = ofCatalogue.filter((file) => idOf(file) === pattern).map((file) => relative(cwd, join(catalogue, file)))
  if (files.length > 0) return { files, problems: [] }
  const near = (await nearestBeside(pattern, cwd)) ?? nearest(idOf(pattern), ofCatalogue.map(idOf))
  const hint = near === undefined ? '"badgateway list" shows those there are' : `did you mean "${near}"?`
  return wrong(`no such file, folder or id of a scenario, ${hint}`)
}

const isNothing = ({ files, problems }: Meant): boolean => files.length + problems.length === 0

/** As the user would name them. */
const named = ({ files, problems }: Meant, name: (file: string) => string): Meant => ({
  files: files.map(name),
  problems: problems.map((problem) => ({ ...problem, file: name(problem.file!) })),
})

/** Among the folders and scenario files where it would be; what ends the name is no likeness. */
async function nearestBeside(pattern: string, cwd: string): Promise<string | undefined> {
  const entries = await readdir(dirname(resolve(cwd, pattern)), { withFileTypes: true }).catch(() => [])
  const names = entries.filter((entry) => entry.isDirectory() || isScenario(entry.name)).map(({ name }) => name)
  const near = nearest(idOf(pattern), names.map(idOf))
  const name = names.find((one) => idOf(one) === near)
  return name && join(dirname(pattern), name)
}

/** The scenario files that match, each once and by name; and folders that can't be listed, and links to nothing. */
async function filesIn(cwd: string, pattern: string): Promise<Meant> {
  const walk = noticing(cwd)
  const options = { cwd, expandDirectories: false, ignore: IGNORED, fs: walk.fs as FileSystemAdapter }
  const matching = (await glob([pattern], options)).filter(isScenario)
  const files = new Map<string, string>()
  const problems = [...walk.problems]
  // The shortest is the one that no link leads round to.
  for (const file of matching.sort((a, b) => a.length - b.length)) {
    const path = resolve(cwd, file)
    const real = await realpath(path).catch((error: NodeJS.ErrnoException) => error)
    if (real instanceof Error) problems.push({ file, path: '', message: await unreadable(path, real) })
    else if (!files.has(real)) files.set(real, file)
  }
  return { files: [...files.values()].sort(), problems: problems.sort((a, b) => (a.file! < b.file! ? -1 : 1)) }
}

/** The walk of a glob goes on where it can't: what it could not list is kept, a link to nothing is a file to it. */
function noticing(cwd: string) {
  const problems: Problem[] = []
  type Done<Value> = (error: Error | null, value?: Value) => void
  const fs = {
    readdir(path: string, _options: object, done: Done<Dirent[]>) {
      const failed = async (error: NodeJS.ErrnoException) => {
        const message = await unreadable(path, error)
        // What a glob begins with need not be there.
        if (!['ENOENT', 'ENOTDIR'].includes(error.code ?? ''))
          problems.push({ file: relative(cwd, path), path: '', message })
        done(null, [])
      }
      readdir(path, { withFileTypes: true })
        .then(async (entries) => ((await isOfRun(path, entries)) ? [] : entries))
        .then((entries) => done(null, entries), failed)
    },
    realpath: (path: string, done: Done<string>) =>
      void realpath(path).then(
        (real) => done(null, real),
        () => done(null, path),
      ),
    stat: (path: string, done: Done<object>) =>
      void stat(path).then(
        (what) => done(null, what),
        () => done(null, { isDirectory: () => false }),
      ),
  }
  return { fs, problems }
}

/** The folder that a run has left, as run_folder.ts names it; `latest` links to one. No scenario is in it. */
const isOfRun = async (path: string, entries: readonly Dirent[]): Promise<boolean> =>
  entries.some(({ name }) => name === 'result.json') && /^\d{8}-\d{6}-/.test(basename(await realpath(path)))

const isScenario = (file: string): boolean => EXTENSIONS.includes(extname(file))

/** The id of a scenario of the catalogue is the name of its file. */
const idOf = (file: string): string => basename(file, extname(file))
