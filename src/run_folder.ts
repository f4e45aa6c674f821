/**
 * The folder of one run or audit on disk: a journal per scenario, the reports, and `latest` beside it. The command line calls
 * it; a disk that is full or a folder that may not be written is a CannotRunError, never half a report taken for whole.
 */
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { serialize } from './journal/log.js'
import type { RunResult } from './journal/result.js'
import { cannotWrite } from './lib/cannot_write.js'
import { type ReportFormat, reports } from './reports/index.js'
import type { JournalFile } from './run.js'

export interface RunFolder {
  path: string
  openJournal(scenario: string, nth: number): JournalFile
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
  const { path, finish } = createReportFolder(out, name, started)
  return {
    path,
    // No id holds a dot.
    openJournal: (id, nth) => createJournalFile(join(path, nth === 1 ? `${id}.ndjson` : `${id}.${nth}.ndjson`)),
    finish: (result) => finish(USUAL.map((format) => [reports[format].fileName, reports[format].render(result)])),
  }
}

/**
 * The same for reports of any kind.
 * @throws CannotRunError
 */
export function createReportFolder(out: string, name: string, started: Date) {
  const time = started.toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15)
  const path = guarded(out, ELSEWHERE, () => {
    makeFolder(out)
    return makeUnique(join(out, `${time}-${name}`))
  })
  return {
    path,
    /** Writes these and points `latest` here. @throws CannotRunError */
    finish(files: readonly (readonly [name: string, text: string])[]): void {
      for (const [file, text] of files) put(text, join(path, file), ELSEWHERE)
      pointLatest(out, basename(path))
    },
  }
}

/**
 * Writes one report to a file that the user named.
 * @throws CannotRunError
 */
export const writeReport = (result: RunResult, format: ReportFormat, file: string): void =>
  writeText(reports[format].render(result), file, format)

/**
 * Writes what is no report of a run to a file that the user named.
 * @throws CannotRunError
 */
export const writeText = (text: string, file: string, format: string): void =>
  put(text, file, `Name another file with --report ${format}=FILE`)

/** With those above it, one by one: below /proc, or where the current folder is gone, Node's recursive mkdir never ends. */
function makeFolder(path: string): void {
  if (isFolder(path)) return
  const above = dirname(path)
  // Where a file is above, the system says so itself.
  if (above !== path && !existsSync(above)) makeFolder(above)
  try {
    mkdirSync(path)
  } catch (error) {
    // Another run may have made it meanwhile.
    if (!isFolder(path)) throw error
  }
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false

function put(report: string, path: string, remedy: string): void {
  guarded(path, remedy, () => {
    makeFolder(dirname(path))
    const file = openSync(path, 'w')
    try {
      writeFileSync(file, report)
    } catch (error) {
      if (fstatSync(file).isFile()) rmSync(path)
      throw error
    } finally {
      closeSync(file)
    }
  })
}

/** A block is written when it has so many characters, or with the first event so much later than its own first. */
const BLOCK = 65_536
const BLOCK_MS = 250

/**
 * A journal on disk, written in blocks as it grows. A failure is kept until `close`, since a hop in the middle of a
 * request can do nothing about it.
 */
export function createJournalFile(path: string): JournalFile {
  const file = guarded(path, ELSEWHERE, () => openSync(path, 'w'))
  let block = ''
  let since = 0
  let failure: unknown
  const flush = (): void => {
    if (failure === undefined && block !== '') {
      try {
        // Of a descriptor: in full, from where the last one ended. writeSync would stop short on a disk that fills up.
        writeFileSync(file, block)
      } catch (error) {
        failure = error
      }
    }
    block = ''
  }
  return {
    path,
    write(event) {
      if (block === '') since = event.t
      block += serialize(event)
      if (block.length >= BLOCK || event.t - since >= BLOCK_MS) flush()
    },
    async close() {
      flush()
      closeSync(file)
      if (failure !== undefined) throw cannotWrite(path, ELSEWHERE, failure)
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
  guarded(link, ELSEWHERE, () => {
    try {
      rmSync(next, { force: true })
      symlinkSync(target, next)
      renameSync(next, link)
    } catch (error) {
      rmSync(next, { force: true })
      throw error
    }
  })
}

function guarded<Value>(path: string, remedy: string, act: () => Value): Value {
  try {
    return act()
  } catch (error) {
    throw cannotWrite(path, remedy, error)
  }
}

const ELSEWHERE = 'Name another folder with --out'
