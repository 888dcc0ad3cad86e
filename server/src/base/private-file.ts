import { randomBytes } from 'node:crypto'
import { renameSync, rmSync, writeFileSync } from 'node:fs'

/**
 * Writes a file that only our account may read, whole or not at all. What lay there before, a link or a file that others may read
 * included, is replaced and not written into: the mode of a file counts only for one that is new.
 */
export function writePrivateFile(path: string, text: string): void {
  const fresh = `${path}.${randomBytes(6).toString('hex')}`
  try {
    writeFileSync(fresh, text, { mode: 0o600, flag: 'wx' })
    renameSync(fresh, path)
  } catch (error) {
    rmSync(fresh, { force: true })
    throw error
  }
}
