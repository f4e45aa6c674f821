/**
 * A matrix as one HTML file that asks for nothing else: no script, no font, no network. A checkbox shows only the causes over
 * which the proxies are not of one mind; headers say what a cell belongs to, and no meaning is in a colour alone.
 */
import type { Cell, Matrix, MatrixRow } from '../../journal/matrix_result.js'
import { bySection, sections } from '../sections.js'
import { answerOf, columnOf, isDisputed, legend, madeOf, markOf, reasonOf, shortLine, summaryOf } from './words.js'

export const html = {
  summary: 'one HTML file that needs no network',
  render: (matrix: Matrix): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Causes at proxies</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>Causes at proxies</h1>
<p>${escaped(`${summaryOf(matrix)} (${madeOf(matrix)}).`)}</p>
<p>${escaped(`${legend}; ≠ not all the same.`)}</p>
<p><label><input type="checkbox" id="disputed"> Only causes that proxies answer differently</label></p>
<div class="scroll" role="region" aria-label="Causes by proxy" tabindex="0">
${tableOf(matrix)}
</div>
</main>
</body>
</html>
`,
} as const

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.45 system-ui, sans-serif; }
body { margin: 0; }
main { padding: 1rem 1.5rem; }
.scroll { overflow: auto; max-height: 85vh; border: 1px solid GrayText; }
table { border-collapse: collapse; font-size: 0.9rem; }
th, td { border: 1px solid color-mix(in srgb, CanvasText 25%, Canvas); padding: 0.35rem 0.6rem; text-align: left; vertical-align: top; }
thead th { position: sticky; top: 0; background: Canvas; z-index: 1; }
tbody th[scope="rowgroup"] { background: color-mix(in srgb, CanvasText 8%, Canvas); }
th[scope="row"] { font-weight: normal; min-width: 14rem; }
th[scope="row"] code { font-weight: bold; }
td { min-width: 9rem; max-width: 26rem; }
td code { font-size: 0.8rem; overflow-wrap: anywhere; }
td small { color: color-mix(in srgb, CanvasText 75%, Canvas); }
main:has(#disputed:checked) tr.agreed { display: none; }
`

function tableOf(matrix: Matrix): string {
  const proxies = Object.keys(matrix.versions)
  const heads = proxies.map((name) => `<th scope="col">${escaped(columnOf(matrix, name))}</th>`).join('')
  const groups = bySection(matrix.rows, ({ tags }) => tags)
  const bodies = groups.map(({ section, items }) => {
    const title =
      section === undefined
        ? ''
        : `<tr><th scope="rowgroup" colspan="${proxies.length + 1}">${escaped(sections[section])}</th></tr>\n`
    return `<tbody>\n${title}${items.map((row) => rowOf(row, proxies)).join('\n')}\n</tbody>`
  })
  return `<table>
<caption>What a client saw of each cause, and what the proxy wrote into its log</caption>
<thead><tr><th scope="col">cause</th>${heads}</tr></thead>
${bodies.join('\n')}
</table>`
}

function rowOf(row: MatrixRow, proxies: readonly string[]): string {
  const disputed = isDisputed(row)
  const mark = disputed ? '<abbr title="not all the same">≠</abbr> ' : ''
  const head = `<th scope="row">${mark}<code>${escaped(row.id)}</code><br>${escaped(row.title)}</th>`
  const cells = proxies.map((name) => `<td>${cellOf(row.cells[name])}</td>`).join('')
  return `<tr class="${disputed ? 'disputed' : 'agreed'}">${head}${cells}</tr>`
}

function cellOf(cell: Cell | undefined): string {
  const answer = escaped(answerOf(cell))
  if (!cell) return answer
  const notes = [reasonOf(cell), ...(cell.notes ?? [])].filter((note) => note !== undefined)
  const said = notes.map((note) => `<br><small>${escaped(note)}</small>`).join('')
  if (markOf(cell) !== 'answer') return `${answer}${said}`
  const line = cell.log === null ? '' : `<br><code>${escaped(shortLine(cell.log))}</code>`
  return `<strong>${answer}</strong>${line}${said}`
}

const escaped = (text: string): string =>
  text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;')
