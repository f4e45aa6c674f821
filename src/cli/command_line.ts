/**
 * One command line: words to functions, errors to exit codes. main.ts is its process, and the tests call it for several
 * in one. One file per command; nothing is decided here.
 */
import { Command, CommanderError } from 'commander'
import { CannotRunError, formatProblem, ScenarioError } from '../lib/errors.js'
import { version } from '../version.js'

/** Carries it out, tells the user what is wrong, and sets the exit code of the process. */
export async function commandLine(args: readonly string[]): Promise<void> {
  try {
    const program = createProgram()
    const loads = meant(args)
    if (loads.length > 0) await import('./jitless.js')
    for (const load of loads) program.addCommand((await load()).copyInheritedSettings(program))
    await program.parseAsync(withoutVainHelp(args), { from: 'user' })
  } catch (error) {
    process.exitCode = report(error, args)
  }
}

const createProgram = () =>
  new Command('badgateway')
    .description('Makes a gateway fail on purpose, proves that it failed for the reason intended, and gives a verdict.')
    .version(version)
    .option('--no-color', 'no colours, even on a terminal (NO_COLOR does the same)')
    .showSuggestionAfterError()
    .showHelpAfterError('(badgateway --help shows the commands)')
    .exitOverride()
    .addHelpText(
      'after',
      `
Examples:
  $ badgateway explain origin-refused         one cause of the catalogue, and a run of it hop by hop
  $ badgateway run chaos                      every scenario file in a folder
  $ badgateway matrix --proxy mini,nginx      what each proxy makes of every cause
  $ badgateway audit got                      whether a retry library does what it should
  $ badgateway validate 'chaos/**/*.yaml'     check files without running them
  $ badgateway init                           a first scenario, a test and an npm script

Exit codes: 0 all passed or skipped, 1 a verdict failed, 2 the command line or a file is wrong, 3 could not run,
4 inconclusive, 70 an error of badgateway's own, 130 and 143 interrupted.`,
    )

/** In the order of the help. Each is loaded when it is meant: what it builds on takes longer than many a command. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  run: async () => (await import('./run.js')).runCommand,
  matrix: async () => (await import('./matrix.js')).matrixCommand,
  audit: async () => (await import('./audit.js')).auditCommand,
  compare: async () => (await import('./compare.js')).compareCommand,
  explain: async () => (await import('./explain.js')).explainCommand,
  list: async () => (await import('./list.js')).listCommand,
  validate: async () => (await import('./validate.js')).validateCommand,
  init: async () => (await import('./init.js')).initCommand,
  doctor: async () => (await import('./doctor.js')).doctorCommand,
}

/** The command that the first word names; all of them for the help and for what is wrong, none for the version. */
function meant(args: readonly string[]): (() => Promise<Command>)[] {
  const word = firstWord(args)
  if (Object.hasOwn(commands, word)) return [commands[word]!]
  return ['-V', '--version'].includes(word) ? [] : Object.values(commands)
}

/** `help rnu` as `rnu`: it is told that there is no such command, where commander would only print the usage. */
function withoutVainHelp(args: readonly string[]): readonly string[] {
  const rest = args.slice(args.indexOf('help') + 1)
  const word = firstWord(rest)
  return firstWord(args) !== 'help' || word === '' || Object.hasOwn(commands, word) ? args : rest
}

const firstWord = (args: readonly string[]): string => args.find((arg) => arg !== '--no-color') ?? ''

/** Tells the user, and returns the exit code. */
export function report(error: unknown, args: readonly string[]): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  if (error instanceof ScenarioError) {
    for (const problem of error.problems) console.error(formatProblem(problem))
    const count = error.problems.length
    const then = ['run', 'matrix', 'audit'].includes(firstWord(args)) ? ': nothing was run' : ''
    console.error(`\n${count} problem${count === 1 ? '' : 's'}${then}.`)
    return 2
  }
  if (error instanceof CannotRunError) {
    console.error(error.message)
    return 3
  }
  if ((error as NodeJS.ErrnoException).syscall === 'uv_cwd') {
    console.error('The current folder is gone. Go to one that exists, and run it again')
    return 3
  }
  const known = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  console.error(`Internal error of badgateway ${version}, please report it: ${known}`)
  if (process.env.BADGATEWAY_DEBUG && error instanceof Error) console.error(error.stack)
  return 70
}
