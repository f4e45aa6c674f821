/** The lines of a file as another program appends them. Reading is done at once and to the end: nothing is left behind. */
import { closeSync, type FSWatcher, openSync, readSync, watch } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'

export interface Tail {
  /** Takes what has been written by now. */
  read(): void
  close(): void
}

/** @param file must exist */
export function follow(file: string, line: (text: string) => void): Tail {
  const descriptor = openSync(file, 'r')
  const chunk = Buffer.alloc(65_536)
  const decoder = new StringDecoder('utf8')
  let rest = ''
  let open = true
  function read(): void {
    if (!open) return
    for (let length = readSync(descriptor, chunk); length > 0; length = readSync(descriptor, chunk)) {
      const lines = (rest + decoder.write(chunk.subarray(0, length))).split('\n')
      rest = lines.pop()!
      for (const text of lines) line(text)
    }
  }
  const watcher: FSWatcher = watch(file, read)
  watcher.on('error', () => {})
  return {
    read,
    close() {
      if (!open) return
      watcher.close()
      read()
      open = false
      closeSync(descriptor)
    },
  }
}
