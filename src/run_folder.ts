/**
 * The folder of one run on disk: a journal per scenario, the reports, and `latest` beside it. The command line calls
 * it; a disk that is full or a folder that may not be written is a CannotRunError, never half a report taken for whole.
 */
import { closeSync, mkdirSync, openSync, renameSync, rmSync, symlinkSync, writeFileSync, writeSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { serialize } from './journal/log.js'
import type { RunResult } from './journal/result.js'
import { CannotRunError } from './lib/errors.js'
import { type ReportFormat, reports } from './reports/index.js'
import type { JournalFile } from './run.js'

export interface RunFolder {
  path: string
  openJournal(scenario: string): JournalFile
  /** Writes the usual reports and points `latest` here. */
  finish(result: RunResult): void
}

/** The reports that every run leaves. */
const USUAL = ['text', 'json', 'junit', 'ctrf'] as const satisfies ReportFormat[]

/**
 * Makes `<out>/<time>-<name>/`.
 * @throws CannotRunError
 */
export function createRunFolder(out: string, name: string, started: Date): RunFolder {
  const time = started.toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15)
  const path = guarded(out, () => {
    mkdirSync(out, { recursive: true })
    return makeUnique(join(out, `${time}-${name}`))
  })
  return {
    path,
    openJournal: (scenario) => createJournalFile(join(path, `${scenario}.ndjson`)),
    finish(result) {
      for (const format of USUAL) writeReport(result, format, join(path, reports[format].fileName))
      guarded(out, () => pointLatest(out, basename(path)))
    },
  }
}

/**
 * Writes one report.
 * @throws CannotRunError
 */
export function writeReport(result: RunResult, format: ReportFormat, file: string): void {
  guarded(file, () => {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, reports[format].render(result))
  })
}

/** So many characters are collected before they are written. */
const BLOCK = 65_536

/**
 * A journal on disk, written in blocks as it grows. A failure is kept until `close`, since a hop in the middle of a
 * request can do nothing about it.
 */
export function createJournalFile(path: string): JournalFile {
  const file = guarded(path, () => openSync(path, 'w'))
  let block = ''
  let failure: unknown
  const flush = (): void => {
    if (failure === undefined && block !== '') {
      try {
        writeSync(file, block)
      } catch (error) {
        failure = error
      }
    }
    block = ''
  }
  return {
    path,
    write(event) {
      block += serialize(event)
      if (block.length >= BLOCK) flush()
    },
    async close() {
      flush()
      closeSync(file)
      if (failure !== undefined) throw cannotWrite(path, failure)
    },
  }
}

function makeUnique(path: string): string {
  for (let n = 1; ; n++) {
    const candidate = n === 1 ? path : `${path}-${n}`
    try {
      mkdirSync(candidate)
      return candidate
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
}

/** In one step, so that `latest` is never missing. */
function pointLatest(out: string, target: string): void {
  const [link, next] = [join(out, 'latest'), join(out, `.latest-${process.pid}`)]
  rmSync(next, { force: true })
  symlinkSync(target, next)
  renameSync(next, link)
}

function guarded<Value>(path: string, act: () => Value): Value {
  try {
    return act()
  } catch (error) {
    throw cannotWrite(path, error)
  }
}

const REMEDIES: Record<string, string> = {
  ENOSPC: 'The disk is full: free some space, or name another folder with --out',
  EACCES: 'It may not be written: name another folder with --out',
  EROFS: 'It may not be written: name another folder with --out',
  ENOTDIR: 'A part of the path is not a folder: name another one with --out',
  EEXIST: 'A file stands where a folder is wanted: name another one with --out',
}

function cannotWrite(path: string, error: unknown): CannotRunError {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown error'
  return new CannotRunError(`Cannot write ${path} (${code})`, REMEDIES[code] ?? 'Name another folder with --out', {
    cause: error,
  })
}
