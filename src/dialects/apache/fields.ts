/** The fields of a response by name, and which of them Apache passes on. The reader and the head that is passed on ask. */

/** What is about one hop is left out, and a length beside a transfer coding. */
export function endToEnd(fields: readonly string[]): string[] {
  const listed = valuesOf(fields, 'connection').flatMap((value) =>
    value.split(',').map((name) => name.trim().toLowerCase()),
  )
  const coded = firstOf(fields, 'transfer-encoding') !== undefined
  const out = new Set([...OF_THE_HOP, ...listed, ...(coded ? ['content-length'] : [])])
  return fields.filter((_, index) => !out.has(fields[index - (index % 2)]!.toLowerCase()))
}

const OF_THE_HOP = ['connection', 'keep-alive', 'proxy-authenticate', 'te', 'trailer', 'transfer-encoding', 'upgrade']

/** @param name in lower case */
export const valuesOf = (fields: readonly string[], name: string): string[] =>
  fields.filter((_, index) => index % 2 === 1 && fields[index - 1]!.toLowerCase() === name)

/** Of several the first. */
export const firstOf = (fields: readonly string[], name: string): string | undefined => valuesOf(fields, name)[0]
