/** docs/<product>.md, from the comparison: how far the mini proxy in a product's dialect is the real one, and where it is not. */
import { type Causes, MOST_TIMES } from './causes.js'
import type { Subject } from './product.js'
import { isSame, type Row } from './seen.js'

export interface Compared {
  subject: Subject
  causes: Causes
  variations: { rows: readonly Row[]; kinds: readonly string[] }
}

export function page({ subject, causes, variations }: Compared): string {
  const { name, title, version, seed, anyServer = [], page } = subject
  const differing = [...causes.rows, ...variations.rows].filter((row) => !isSame(row))
  const line = (what: string, rows: readonly Row[]): string =>
    `| ${what} | ${rows.length} | ${rows.filter(isSame).length} |`
  return `# The ${title} dialect

${page.opening}

## How it is shown

\`test/${name === 'nginx' ? 'alone' : 'slow'}/answers_${name}.ts\` plays the same at the mini proxy and at a real ${title} ${version}, and writes this file
(\`node .ci/answers.mjs ${name}\`). Compared is what clients got and ${page.compared}.

| compared | how many | the same |
|---|---|---|
${line(`causes: ${page.causes}`, causes.rows)}
${line(`variations of a response, seed ${seed}: ${page.variations}`, variations.rows)}

A cause in which moments decide is played up to ${MOST_TIMES} times: it is the same where one play is, or where all that either
has shown is.${anyServer.length > 0 ? ` Which server was met is not compared in ${anyServer.map((name) => `\`${name}\``).join(', ')}: that hangs on when it is back.` : ''}

The variations are responses ${list(variations.kinds)}. A second request on
the same connection shows where the response ended and whether the connection goes on.

## What differs

${differing.length === 0 ? 'Nothing, at this seed.' : differing.map((row) => difference(row, subject)).join('\n')}

## What is not compared

${causes.left.map(({ name, why }) => `- \`${name}\`: ${why}.`).join('\n')}

${page.closing}
`
}

function difference({ name, real, mini }: Row, { title, reasons }: Subject): string {
  const told = ({ got, log }: Row['real']) => [...got, ...log].map((text) => `\`${JSON.stringify(text).slice(1, -1)}\``)
  const both = `${title}: ${told(real).join(', ')}; mini proxy: ${told(mini).join(', ')}`
  return `- \`${name}\`: ${reasons[name] ?? 'no reason is known'}. ${both}.`
}

const list = (words: readonly string[]): string => `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
