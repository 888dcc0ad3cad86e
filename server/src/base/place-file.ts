import { Worker } from 'node:worker_threads'
import { crashesWatched } from './crash.ts'
import { messageOf } from './errors.ts'
import type { PlacedFile, PlaceFailure } from './place-steps.ts'

export type { PlacedFile } from './place-steps.ts'

/** Why a file could not be put in its place: `code` is the system's (`ENOSPC`, …). */
export class PlaceError extends Error {
  readonly code: string
  /** It lies there, or may: it was renamed, and what came then failed. */
  readonly placed: boolean

  constructor({ message, code, placed }: PlaceFailure) {
    super(message)
    this.code = code
    this.placed = placed
  }
}

/** Bytes are copied into the other thread: more are written where they are. */
const MOST = 1024 * 1024

/** Whether `placeFile` takes so many bytes. Not while somebody wants to be told of crash points: they are passed in another thread. */
export const placesElsewhere = (bytes: Uint8Array): boolean => bytes.length <= MOST && !crashesWatched()

interface Waiting {
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/** One for the process: it waits for many files at once, and files of one folder share its fsync. */
let thread: { readonly worker: Worker; readonly waiting: Map<number, Waiting> } | null = null
let last = 0

/** Writes a file durably and then puts it in its place: bytes, name and folder are on the disk when this resolves. Throws PlaceError. */
export function placeFile(file: PlacedFile): Promise<void> {
  thread ??= start()
  const { worker, waiting } = thread
  const id = ++last
  return new Promise((resolve, reject) => {
    if (waiting.size === 0) worker.ref()
    waiting.set(id, { resolve, reject })
    worker.postMessage({ id, file })
  })
}

function start(): NonNullable<typeof thread> {
  const worker = new Worker(new URL('./place-worker.ts', import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 4 },
  })
  const mine = { worker, waiting: new Map<number, Waiting>() }
  worker.unref()
  worker.on('message', ({ id, failed }: { readonly id: number; readonly failed: PlaceFailure | null }) => {
    const one = mine.waiting.get(id)
    mine.waiting.delete(id)
    if (mine.waiting.size === 0) worker.unref()
    if (failed) one?.reject(new PlaceError(failed))
    else one?.resolve()
  })
  const ended = (why: string): void => {
    if (thread === mine) thread = null
    for (const one of mine.waiting.values())
      one.reject(new PlaceError({ message: `the thread that writes files ended: ${why}`, code: '', placed: true }))
    mine.waiting.clear()
  }
  worker.on('error', (error) => ended(messageOf(error)))
  worker.on('exit', (code) => ended(`exit ${code}`))
  return mine
}
