import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { copyFile, link, mkdir, open, readFile, rename, rm, rmdir, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

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

const ATTEMPTS = 50
const PAUSE_MS = 20
/** Nobody needs so long to take over what was left: whoever was at it is gone. */
const TAKING_MS = 60_000
/** What file systems without hard links say of one. */
const NO_LINKS: readonly unknown[] = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']
const THERE: readonly unknown[] = ['EEXIST', 'ENOTEMPTY', 'ENOTDIR', 'EISDIR']
const OWNER = 'owner'

/**
 * Takes a lock: it is there with all its text, or not at all; a file, or where there are no hard links, a directory with one in it. One that is
 * there already is taken over where `isLeft` says of its text that its owner is gone. Gives back what releases it; null: another process has it.
 */
export async function takeLockFile(
  path: string,
  text: string,
  isLeft: (text: string) => boolean,
): Promise<(() => Promise<void>) | null> {
  const mine = aside(path)
  try {
    await writeDurably(mine, text)
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (await put(mine, path)) return () => remove(path)
      const there = await read(path)
      if (there !== null && !isFree(there, isLeft)) return null
      if (there !== null && !(await removeLeft(path, isLeft))) await pause(PAUSE_MS)
    }
    return null
  } finally {
    await unlink(mine).catch(() => {})
  }
}

/** A power loss can leave a lock without its text, and no owner outlives that. */
const isFree = (text: string, isLeft: (text: string) => boolean): boolean => text === '' || isLeft(text)

const aside = (path: string): string => `${path}.${randomBytes(6).toString('hex')}`

/** False: something is there. */
async function put(mine: string, path: string): Promise<boolean> {
  try {
    await link(mine, path)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    if (!NO_LINKS.includes(codeOf(error))) throw error
  }
  const dir = aside(path)
  try {
    await mkdir(dir, { mode: 0o700 })
    await copyFile(mine, join(dir, OWNER))
    return await putDirectory(dir, path)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

/** A directory takes the place of nothing, or of an empty one. False: something is there. */
async function putDirectory(dir: string, path: string): Promise<boolean> {
  try {
    await rename(dir, path)
    return true
  } catch (error) {
    if (THERE.includes(codeOf(error))) return false
    throw error
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

/** Null: there is none. A directory is put there with its owner in it, so an empty one is nobody's. */
async function read(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'EISDIR') {
      const owner = await read(join(path, OWNER))
      if (owner === null) await rmdir(path).catch(() => {})
      return owner
    }
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return null
    throw error
  }
}

/** A directory is taken away whole: nobody else's may come into it while it is emptied. */
async function remove(path: string): Promise<void> {
  const gone = aside(path)
  await unlink(path).catch(() => rename(path, gone).catch(() => {}))
  await rm(gone, { recursive: true, force: true })
}

/** One at a time, and each looks again: what another one has put there meanwhile is not taken from him. False: somebody else is at it. */
async function removeLeft(path: string, isLeft: (text: string) => boolean): Promise<boolean> {
  const taking = `${path}.taking`
  try {
    await mkdir(taking, { mode: 0o700 })
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
    const since = await stat(taking).catch(() => null)
    if (since && Date.now() - since.mtimeMs > TAKING_MS) await rmdir(taking).catch(() => {})
    return false
  }
  try {
    const there = await read(path)
    if (there !== null && isFree(there, isLeft)) await remove(path)
    return true
  } finally {
    await rmdir(taking)
  }
}
