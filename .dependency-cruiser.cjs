/**
 * Which room may import which: docs say it, this file enforces it. `npm run check:imports`, also test/imports.test.ts.
 * Rooms stand in ranks; a module imports from its own rank or a lower one, never from a higher one.
 */
const ranks = [
  ['lib', 'version'],
  ['core'],
  ['journal'],
  ['dialects', 'words', 'checks', 'reports', 'proxies', 'clients'],
  ['scenario'],
  ['live', 'sim'],
  ['run', 'run_folder', 'rig', 'matrix'],
  ['audit'],
  ['cli', 'server'],
  ['index'],
]

/** A room is a folder, or a file right in src. */
const rooms = (names) => `^src/(${names.join('|')})(/|\\.ts$)`
const known = rooms(ranks.flat())

const oneWay = ranks.slice(0, -1).map((rank, i) => ({
  name: `${rank[0]}-imports-only-what-is-left-of-it`,
  comment: 'Imports point one way; move what both need to the room further left.',
  severity: 'error',
  from: { path: rooms(rank) },
  to: { path: rooms(ranks.slice(i + 1).flat()) },
}))

const never = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to })

module.exports = {
  forbidden: [
    ...oneWay,
    never('no-circle', 'Two modules that need each other are one, or lack a third.', {}, { circular: true }),
    never('no-unknown-room', 'Give the new room its place in ranks.', { path: '^src/', pathNot: known }, {}),
    never(
      'lib-imports-nothing-of-ours',
      'lib/ are words for everything.',
      { path: rooms(['lib']) },
      { path: '^src/', pathNot: rooms(['lib']) },
    ),
    never(
      'pure-rooms-run-in-a-browser',
      'Decisions, folds and words hold no I/O: what needs Node belongs in live/, cli/ or run.ts.',
      { path: rooms(['core', 'sim', 'journal', 'checks', 'dialects', 'words', 'reports']) },
      { dependencyTypes: ['core'] },
    ),
    never(
      'live-knows-no-sim',
      'Only run.ts knows both engines; what both need belongs in core/.',
      { path: rooms(['live']) },
      { path: rooms(['sim']) },
    ),
    never('sim-knows-no-live', 'See live-knows-no-sim.', { path: rooms(['sim']) }, { path: rooms(['live']) }),
    never(
      'no-undeclared-package',
      'What src/ imports is in dependencies, or users of the package lack it.',
      { path: '^src/' },
      { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    ),
    never('no-missing-module', 'It does not resolve.', {}, { couldNotResolve: true }),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Types count as well: a room that needs another one's words needs that room.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      mainFields: ['main', 'types'],
    },
  },
}
