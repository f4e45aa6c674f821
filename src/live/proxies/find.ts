/** Finds the program of a real proxy on this machine, and asks it for its version. The command line calls it, and doctor. */
import { execFile } from 'node:child_process'
import { CannotRunError } from '../../lib/errors.js'
import { type ProxyName, proxies } from '../../proxies/index.js'
import type { Product } from './stand_in.js'

/** Long enough for any program that only says who it is. */
const ANSWER_WITHIN_MS = 10_000

/**
 * @param program its path, where the user says so; else it is looked for in PATH
 * @throws CannotRunError where it is not installed, or is another program
 */
export async function findProduct(product: ProxyName, program?: string): Promise<Product> {
  const driver = proxies[product]
  const path = program ?? driver.program
  const { output, code } = await ask(path, driver.versionArguments)
  if (code === 'ENOENT' || code === 'EACCES') {
    const what = code === 'EACCES' ? 'may not be run' : 'does not exist'
    if (program !== undefined)
      throw new CannotRunError(`--proxy-bin ${program} ${what}`, `Name the program of ${product}`)
    throw new CannotRunError(`${product} is not installed`, `Install it: ${driver.install}`)
  }
  const version = driver.version(output)
  if (version !== undefined) return { is: 'program', driver, name: `${product} ${version}`, program: path }
  const said = output.trim().split('\n')[0] || 'nothing'
  throw new CannotRunError(
    `${path} is not ${product}: asked for its version, it says ${said}`,
    `Name the program of ${product} with --proxy-bin`,
  )
}

function ask(program: string, args: readonly string[]): Promise<{ output: string; code: string | number | undefined }> {
  return new Promise((resolve) => {
    execFile(program, args, { timeout: ANSWER_WITHIN_MS, killSignal: 'SIGKILL' }, (error, stdout, stderr) =>
      resolve({ output: `${stdout}${stderr}`, code: error?.code ?? undefined }),
    )
  })
}
