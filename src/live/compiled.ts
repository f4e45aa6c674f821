/**
 * Where a program stands that is to run in a child process or a worker. Both run what the build made, also when the
 * rig itself runs from its sources: a loader of TypeScript would cost each of them a second.
 */

/** @param path below `live/`, such as `process/child.js` */
export function compiled(path: string): URL {
  const here = import.meta.url
  return new URL(here.endsWith('.ts') ? `../../dist/live/${path}` : `./${path}`, here)
}
