#!/usr/bin/env node
/** The process of a command line: how it ends where its output, or what nobody expected, ends it. */
import { constants } from 'node:os'
import { cannotWrite } from '../lib/cannot_write.js'
import { commandLine, report } from './command_line.js'

const args = process.argv.slice(2)

for (const stream of [process.stdout, process.stderr]) stream.on('error', outputFailed)
// A file that may not grow then fails like a full disk, instead of ending the process.
if ('SIGXFSZ' in constants.signals) process.on('SIGXFSZ', () => {})
process.on('uncaughtException', (error) => process.exit(report(error, args)))

await commandLine(args)

/** Who reads may leave early, as `head` does: then the rest is written for nobody, and the run goes on. */
function outputFailed(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') process.exit(report(cannotWrite('the output', 'Send it elsewhere', error), args))
}
