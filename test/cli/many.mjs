/**
 * One process for many command lines, one after the other: a program takes longer to load than most of them take. Each
 * comes as a message with its folder, and goes back as its exit code and what it printed. command.ts starts it.
 */
import { commandLine } from '../../dist/cli/command_line.js'

process.on('message', async ({ args, cwd }) => {
  const printed = { stdout: '', stderr: '' }
  const usual = { stdout: process.stdout.write, stderr: process.stderr.write }
  for (const name of ['stdout', 'stderr']) {
    process[name].write = (text) => {
      printed[name] += text
      return true
    }
  }
  process.chdir(cwd)
  // What stands behind -- is looked for in it.
  process.argv.splice(2, Infinity, ...args)
  process.exitCode = undefined
  await commandLine(args)
  const code = process.exitCode ?? 0
  process.exitCode = undefined
  for (const name of ['stdout', 'stderr']) process[name].write = usual[name]
  process.send({ code, signal: null, ...printed })
})
