/** Bytes as lines, of which none is so long that it fills the memory. lines.ts calls it. Pure. */

/** Longer ones are not read. */
export const MOST_LINE_BYTES = 1_048_576

const NEWLINE = 0x0a

/**
 * What to feed chunks to, as they come.
 * @param line without its end
 * @param tooLong called as soon as a line is too long, once for each
 */
export function lineSplitter(line: (text: string) => void, tooLong: () => void): (chunk: Buffer) => void {
  let pieces: Buffer[] = []
  let bytes = 0
  const add = (piece: Buffer): void => {
    if (bytes > MOST_LINE_BYTES) return
    bytes += piece.length
    pieces.push(piece)
    if (bytes <= MOST_LINE_BYTES) return
    pieces = []
    tooLong()
  }
  const end = (): void => {
    // Decoded as a whole: a character may be in two pieces.
    if (bytes <= MOST_LINE_BYTES) line(Buffer.concat(pieces).toString().replace(/\r$/, ''))
    pieces = []
    bytes = 0
  }
  return (chunk) => {
    let from = 0
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      add(chunk.subarray(from, at))
      end()
      from = at + 1
    }
    add(chunk.subarray(from))
  }
}
