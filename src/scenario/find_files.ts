/**
 * Which files a pattern of the command line means: a file, a folder, a glob or an id of the catalogue. files.ts calls it;
 * it reads none of them.
 */
import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, extname, join, relative, resolve } from 'node:path'
import { glob, isDynamicPattern } from 'tinyglobby'
import { nearest } from '../lib/nearest.js'

const IN_FOLDER = '**/*.{yaml,yml,json}'
const IGNORED = ['**/node_modules/**']
const EXTENSIONS = ['.yaml', '.yml', '.json']

/** They, or what is wrong with the pattern. */
export async function filesOf(pattern: string, cwd: string, catalogue: string): Promise<string[] | string> {
  const what = await stat(resolve(cwd, pattern)).catch(() => undefined)
  if (what?.isDirectory()) {
    const names = await listFolder(resolve(cwd, pattern))
    return names.length > 0
      ? names.map((name) => join(pattern, name))
      : 'no scenario file (*.yaml, *.yml, *.json) in it'
  }
  if (what) return [pattern]
  if (isDynamicPattern(pattern)) {
    const files = (await glob([pattern], { cwd, expandDirectories: false, ignore: IGNORED })).filter(isScenario).sort()
    return files.length > 0 ? files : 'no scenario file matches'
  }
  const ofCatalogue = await listFolder(catalogue)
  const named = ofCatalogue.filter((file) => idOf(file) === pattern).map((file) => relative(cwd, join(catalogue, file)))
  if (named.length > 0) return named
  const near = (await nearestBeside(pattern, cwd)) ?? nearest(idOf(pattern), ofCatalogue.map(idOf))
  const hint = near === undefined ? '"badgateway list" shows those there are' : `did you mean "${near}"?`
  return `no such file, folder or id of a scenario, ${hint}`
}

/** Among the folders and scenario files where it would be; what ends the name is no likeness. */
async function nearestBeside(pattern: string, cwd: string): Promise<string | undefined> {
  const entries = await readdir(dirname(resolve(cwd, pattern)), { withFileTypes: true }).catch(() => [])
  const names = entries.filter((entry) => entry.isDirectory() || isScenario(entry.name)).map(({ name }) => name)
  const near = nearest(idOf(pattern), names.map(idOf))
  const name = names.find((one) => idOf(one) === near)
  return name && join(dirname(pattern), name)
}

const listFolder = async (folder: string): Promise<string[]> =>
  (await glob([IN_FOLDER], { cwd: folder, followSymbolicLinks: false, ignore: IGNORED })).sort()

const isScenario = (file: string): boolean => EXTENSIONS.includes(extname(file))

/** The id of a scenario of the catalogue is the name of its file. */
const idOf = (file: string): string => basename(file, extname(file))
