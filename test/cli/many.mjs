/**
 * One process for many command lines, one after the other: a program takes longer to load than most of them take. Each
 * comes as a message with its folder and what its environment has more, and goes back as its exit code and what it printed. command.ts starts it.
 */
import { commandLine } from '../../dist/cli/command_line.js'

process.on('message', async ({ args, cwd, env }) => {
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
  const before = Object.entries(env).map(([name, value]) => {
    const was = process.env[name]
    process.env[name] = value
    return [name, was]
  })
  process.exitCode = undefined
  await commandLine(args)
  const code = process.exitCode ?? 0
  process.exitCode = undefined
  for (const name of ['stdout', 'stderr']) process[name].write = usual[name]
  for (const [name, was] of before) {
    if (was === undefined) delete process.env[name]
    else process.env[name] = was
  }
  process.send({ code, signal: null, ...printed })
})
