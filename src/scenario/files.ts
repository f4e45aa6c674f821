/**
 * Scenario files: what a user named on the command line, found (find_files.ts) and read. The commands and
 * the rig call it; of what is in the files it knows only that ids are unique.
 */
import { readFile, realpath } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type Problem, ScenarioError } from '../lib/errors.js'
import { filesOf, type Meant } from './find_files.js'
import type { ProxyConfig } from './nginx_conf.js'
import { parseScenario } from './parse.js'
import type { Scenario } from './schema.js'
import { openSource } from './source.js'
import { unreadable } from './unreadable.js'

/**
 * The files that are meant, each once, in the order of the patterns; those of a folder or a glob by name.
 * @param patterns files, folders, globs, or ids of the catalogue
 * @param catalogue the folder with the scenarios of the package
 * @returns paths relative to `cwd`, absolute where the pattern was
 * @throws ScenarioError with every pattern that means no file
 */
export async function findScenarioFiles(patterns: string[], cwd: string, catalogue: string): Promise<string[]> {
  const { files, problems } = await lookUp(patterns, cwd, catalogue)
  if (problems.length > 0) throw new ScenarioError(problems)
  return files
}

async function lookUp(patterns: string[], cwd: string, catalogue: string): Promise<Meant> {
  const files = new Map<string, string>()
  const problems: Problem[] = []
  for (const pattern of patterns) {
    const meant = await filesOf(pattern, cwd, catalogue)
    problems.push(...meant.problems)
    for (const file of meant.files) {
      const real = await realpath(resolve(cwd, file))
      if (!files.has(real)) files.set(real, file)
    }
  }
  return { files: [...files.values()], problems }
}

export interface ScenarioFile {
  file: string
  scenario: Scenario
}

/**
 * Finds the files that are meant, from the current folder, and reads them.
 * @throws ScenarioError with every pattern that means no file, and all problems of all files
 */
export async function loadScenarios(
  patterns: string[],
  catalogue: string,
  proxyConfig?: ProxyConfig,
): Promise<ScenarioFile[]> {
  const found = await lookUp(patterns, process.cwd(), catalogue)
  const { loaded, problems } = await readAll(found.files, proxyConfig)
  const all = [...found.problems, ...problems]
  if (all.length > 0) throw new ScenarioError(all)
  return loaded
}

/** Reads and parses one file. @throws ScenarioError when it can't be read, or with all its problems */
export async function readScenario(file: string): Promise<Scenario> {
  return parseScenario(await textOf(file), file)
}

/**
 * @param proxyConfig what the command line says of each proxy under test
 * @throws ScenarioError with all problems of all files; two scenarios with one id are a problem, too
 */
export async function readScenarios(files: readonly string[], proxyConfig?: ProxyConfig): Promise<ScenarioFile[]> {
  const { loaded, problems } = await readAll(files, proxyConfig)
  if (problems.length > 0) throw new ScenarioError(problems)
  return loaded
}

async function readAll(files: readonly string[], proxyConfig: ProxyConfig | undefined) {
  const loaded: ScenarioFile[] = []
  const problems: Problem[] = []
  const byId = new Map<string, string>()
  for (const file of files) {
    try {
      const text = await textOf(file)
      const scenario = parseScenario(text, file, { runnable: true, proxyConfig })
      const first = byId.get(scenario.id)
      if (first !== undefined) problems.push(takenId(text, file, scenario.id, first))
      byId.set(scenario.id, first ?? file)
      loaded.push({ file, scenario })
    } catch (error) {
      if (!(error instanceof ScenarioError)) throw error
      problems.push(...error.problems)
    }
  }
  return { loaded, problems }
}

function takenId(text: string, file: string, id: string, first: string): Problem {
  const place = openSource(text).placeOf({ path: ['id'], at: 'value' })
  return { file, ...place, path: 'id', message: `the id "${id}" is taken by ${first}` }
}

async function textOf(file: string): Promise<string> {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file))
  } catch (error) {
    throw new ScenarioError([{ file, path: '', message: await unreadable(file, error) }])
  }
}
