/** Why something could not be written, in the user's words. The commands and the folder of a run call it; it writes nothing. */
import { CannotRunError } from './errors.js'

const REASONS: Record<string, string> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'it would be larger than files may be here (ulimit -f)',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOENT: 'the folder that it is in is gone, or none can be made there',
  ENOTDIR: 'a part of the path is a file, not a folder',
  EEXIST: 'a file, or a link that leads nowhere, stands where a folder is wanted',
  EISDIR: 'it is a folder',
  ENAMETOOLONG: 'the name is too long',
  EMFILE: 'too many open files (ulimit -n)',
}

/** @param remedy what to do about it, beside making room */
export function cannotWrite(path: string, remedy: string, error: unknown): CannotRunError {
  const { code = 'unknown error' } = error as NodeJS.ErrnoException
  const full = code === 'ENOSPC' || code === 'EDQUOT'
  const reason = Object.hasOwn(REASONS, code) ? `${REASONS[code]} (${code})` : code
  return new CannotRunError(`Cannot write ${path}: ${reason}`, full ? `Free some space. ${remedy}` : remedy, {
    cause: error,
  })
}
