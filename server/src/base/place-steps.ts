import { closeSync, fsync, openSync, renameSync, statSync, unlinkSync, utimesSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { crashPoint } from './crash.ts'

/** A file that appears whole or not at all. */
export interface PlacedFile {
  /** Where it is written first: on the file system of `target`, in a folder that exists, a name that is new. */
  readonly temporary: string
  /** Its place; its folder exists. */
  readonly target: string
  readonly bytes: Uint8Array
  /** Named by its content: a file of this size that is there already is the same. It becomes young, and durable even if its writer has not come that far. */
  readonly once?: boolean
  /** Crash points that are passed after each step. */
  readonly points: {
    readonly written?: string
    readonly synced?: string
    readonly renamed?: string
    readonly durable?: string
  }
}

const synced = promisify(fsync)

/** What went wrong, in a form that goes from one thread to another. `placed`: it lies in its place, but may not last. */
export interface PlaceFailure {
  readonly message: string
  readonly code: string
  readonly placed: boolean
}

/** Null when bytes, name and folder are durable. Only the waiting for the disk is asynchronous. */
export async function place(file: PlacedFile): Promise<PlaceFailure | null> {
  try {
    if (file.once && renewed(file)) {
      await syncFolder(dirname(file.target))
      return null
    }
    await write(file)
    rename(file)
  } catch (error) {
    return failure(error, false)
  }
  try {
    pass(file.points.renamed)
    await syncFolder(dirname(file.target))
    pass(file.points.durable)
    return null
  } catch (error) {
    return failure(error, true)
  }
}

function renewed({ target, bytes }: PlacedFile): boolean {
  if (statSync(target, { throwIfNoEntry: false })?.size !== bytes.length) return false
  const now = new Date()
  utimesSync(target, now, now)
  return true
}

async function write({ temporary, bytes, points }: PlacedFile): Promise<void> {
  const file = openSync(temporary, 'wx', 0o600)
  try {
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
      pass(points.written)
      await synced(file)
      pass(points.synced)
    } finally {
      closeSync(file)
    }
  } catch (error) {
    remove(temporary)
    throw error
  }
}

function rename({ temporary, target }: PlacedFile): void {
  try {
    renameSync(temporary, target)
  } catch (error) {
    remove(temporary)
    throw error
  }
}

function remove(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // What is left is swept with what killed processes leave.
  }
}

interface Syncing {
  running: Promise<void>
  next: Promise<void> | null
}
const folders = new Map<string, Syncing>()

/** A sync that began before a rename says nothing about it; those that come while one runs share the next. */
function syncFolder(path: string): Promise<void> {
  const now = folders.get(path)
  if (now) {
    now.next ??= now.running
      .catch(() => undefined)
      .then(() => {
        folders.delete(path)
        return syncFolder(path)
      })
    return now.next
  }
  const running = syncOnce(path)
  const mine: Syncing = { running, next: null }
  folders.set(path, mine)
  const over = (): void => {
    if (mine.next === null && folders.get(path) === mine) folders.delete(path)
  }
  running.then(over, over)
  return running
}

async function syncOnce(path: string): Promise<void> {
  const folder = openSync(path, 'r')
  try {
    await synced(folder)
  } finally {
    closeSync(folder)
  }
}

const pass = (point: string | undefined): void => {
  if (point !== undefined) crashPoint(point)
}

const failure = (error: unknown, placed: boolean): PlaceFailure => ({
  message: error instanceof Error ? error.message : String(error),
  code: error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '',
  placed,
})
