import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { link, open, readFile, rename, unlink } from 'node:fs/promises'

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : null)

/** When a process began, so that a pid that was given to another program is not taken for it. Null: it is gone, or nobody can say. */
export function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return null
  }
}

/** `started`: as `startOf` said it; empty = not known. */
export function isAlive(pid: number, started: string): boolean {
  const now = startOf(pid)
  if (now !== null) return started === '' || now === started
  try {
    process.kill(pid, 0)
    return startOf(process.pid) === null // a system without /proc: the pid must do
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}

const ATTEMPTS = 5

/**
 * Takes a lock: the file is there with all its text, or not at all. One that is there already is taken over where `isLeft` says of its text that
 * its owner is gone. False: another process holds it.
 */
export async function takeLockFile(path: string, text: string, isLeft: (text: string) => boolean): Promise<boolean> {
  const mine = `${path}.${randomBytes(6).toString('hex')}`
  try {
    await writeDurably(mine, text)
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      try {
        await link(mine, path)
        return true
      } catch (error) {
        if (codeOf(error) !== 'EEXIST') throw error
      }
      const there = await read(path)
      if (there === null) continue
      // A power loss can leave a file without its text, and no owner outlives that.
      if (there !== '' && !isLeft(there)) return false
      await removeLeft(path, there)
    }
    return false
  } finally {
    await unlink(mine).catch(() => {})
  }
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function read(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw error
  }
}

/** Renamed first: of several that find it left, only one may remove it. */
async function removeLeft(path: string, text: string): Promise<void> {
  const stale = `${path}.${randomBytes(6).toString('hex')}`
  await rename(path, stale).catch(() => {})
  const moved = await readFile(stale, 'utf8').catch(() => '')
  if (moved === text || moved === '') await unlink(stale).catch(() => {})
  else await link(stale, path).finally(() => unlink(stale)) // it was already somebody's new lock: put it back
}
