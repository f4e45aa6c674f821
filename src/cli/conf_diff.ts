/** How a configuration of the user's own differs from the one that the real proxy is given. run.ts shows it. */
import { createTwoFilesPatch } from 'diff'
import pc from 'picocolors'

/** A unified diff; colours only where they are wanted. */
export function confDiff(file: string, before: string, after: string, coloured: boolean): string {
  const patch = createTwoFilesPatch(file, `${file} (as it runs)`, before, after, '', '', {
    context: 1,
    headerOptions: { includeIndex: false, includeUnderline: false, includeFileHeaders: true },
  })
  if (!coloured) return patch
  const { green, red, cyan, bold } = pc.createColors(true)
  const painted = (line: string): string => {
    if (line.startsWith('+++') || line.startsWith('---')) return bold(line)
    return line.startsWith('+')
      ? green(line)
      : line.startsWith('-')
        ? red(line)
        : line.startsWith('@@')
          ? cyan(line)
          : line
  }
  return patch.split('\n').map(painted).join('\n')
}
