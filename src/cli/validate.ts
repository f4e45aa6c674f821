/** `badgateway validate`: checks scenario files without running them. */
import { Command } from 'commander'
import { loadScenarios } from '../scenario/files.js'
import { catalogue } from './environment.js'
import { printNotes } from './notes.js'

export const validateCommand = new Command('validate')
  .description('check scenario files and tell every problem with its line and column')
  .argument('<scenario...>', 'files, folders, globs, or ids of the catalogue')
  .addHelpText('after', "\nExamples:\n  $ badgateway validate chaos\n  $ badgateway validate 'chaos/**/*.yaml'")
  .action(async (patterns: string[]) => {
    const loaded = await loadScenarios(patterns, catalogue)
    printNotes(loaded)
    console.log(`${loaded.length} scenario${loaded.length === 1 ? ' is' : 's are'} valid`)
  })
