/** Why a file or a folder can't be read, in the user's words. files.ts and find_files.ts call it. */
import { lstat } from 'node:fs/promises'

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  ENOTDIR: 'no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a folder',
  ELOOP: 'links that go round in a circle',
  ERR_ENCODING_INVALID_ENCODED_DATA: 'it is not UTF-8 text',
}

export async function unreadable(path: string, error: unknown): Promise<string> {
  const { code = '', message } = error as NodeJS.ErrnoException
  const reason = code === 'ENOENT' && (await isLink(path)) ? 'it is a link to nothing' : (REASONS[code] ?? message)
  return `can't be read: ${reason}`
}

export const isLink = (path: string): Promise<boolean> =>
  lstat(path).then(
    (what) => what.isSymbolicLink(),
    () => false,
  )
