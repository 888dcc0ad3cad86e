import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, rename, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { crashPoint, messageOf, PlaceError, placeFile, placesElsewhere } from '../../base/index.ts'
import { ProviderError } from '../provider.ts'

export const codeOfError = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : ''

/** What a failing file system means to whoever asked for the operation. */
export function fileError(error: unknown, doing: string): ProviderError {
  if (error instanceof ProviderError) return error
  const code = codeOfError(error)
  const message = `${doing}: ${messageOf(error)}`
  const fail = (to: ConstructorParameters<typeof ProviderError>[0], cure: string) =>
    new ProviderError(to, `${message}; ${cure}`, { cause: error })
  if (code === 'ENOSPC' || code === 'EDQUOT') return fail('quota', 'the disk of the mailboxes is full: make room')
  if (code === 'EACCES' || code === 'EPERM')
    return fail('denied', 'give the account that runs Recourse its rights there')
  if (code === 'EROFS') return fail('read-only', 'the file system of the mailboxes is mounted read-only')
  if (code === 'EMFILE' || code === 'ENFILE') return fail('unavailable', 'too many open files: raise the limit')
  return fail('refused', 'nothing was changed')
}

const OF_THE_PLACE: readonly string[] = ['EACCES', 'EPERM', 'EIO', 'EUCLEAN']

/** It concerns the place that was asked for, and nothing beside it: the right to it is missing, or the disk is damaged there. */
export const isShut = (error: unknown): boolean =>
  error instanceof ProviderError ? isShut(error.cause) : OF_THE_PLACE.includes(codeOfError(error))

/** Of a folder among others: none of them waits for one that cannot be opened. */
export function unlessShut(error: unknown): 'shut' {
  if (isShut(error)) return 'shut'
  throw error
}

/** A rename or a new file is durable only when its directory is. */
export async function syncDir(dir: string): Promise<void> {
  const handle = await open(dir, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Writes a file and its bytes durably under a name that is new; the caller makes the directory durable. */
export async function writeNew(
  path: string,
  bytes: Buffer,
  prepare?: (file: FileHandle) => Promise<void>,
): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(bytes)
    await prepare?.(file)
    await file.sync()
  } catch (error) {
    await file.close()
    await unlink(path).catch(() => {})
    throw error
  }
  await file.close()
}

/** A refusal would say that nothing happened, and the mail would be put there a second time: what fails after the rename is a doubt. */
export async function afterEffect<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const message = `it was put there, but may not last: ${messageOf(error)}`
    throw new ProviderError('unknown', message, { cause: error })
  }
}

/** A new message in its folder: durable with its name when this returns. */
export async function deliverNew(temporary: string, target: string, bytes: Buffer): Promise<void> {
  if (placesElsewhere(bytes)) {
    const points = { synced: 'mailboxes.maildir.after-write', renamed: 'mailboxes.maildir.after-deliver' }
    await placeFile({ temporary, target, bytes, points }).catch((error: unknown) => {
      if (error instanceof PlaceError && !error.placed) throw error
      return afterEffect(() => Promise.reject(error))
    })
    return
  }
  await writeNew(temporary, bytes)
  crashPoint('mailboxes.maildir.after-write')
  await rename(temporary, target)
  crashPoint('mailboxes.maildir.after-deliver')
  await afterEffect(() => syncDir(dirname(target)))
}

/** Replaces a small file at once: readers see the old or the new one, also after a power loss. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.${process.pid}.${randomBytes(6).toString('hex')}`
  await writeNew(temporary, Buffer.from(text))
  await rename(temporary, path)
  await syncDir(dirname(path))
}

/** A backup may have left out what was empty. */
export async function makeSubs(dir: string): Promise<void> {
  for (const sub of ['tmp', 'new', 'cur']) await mkdir(join(dir, sub), { recursive: true, mode: 0o700 })
}

export async function makeMaildir(dir: string): Promise<void> {
  await makeSubs(dir)
  await syncDir(dir)
  await syncDir(dirname(dir))
}

export interface NamedFile {
  readonly name: string
  /** The bytes of a name that is not UTF-8, or cannot be asked for by it. */
  readonly raw: Buffer | null
}

/** The messages in `cur` or `new`. What is no file is none, and is left alone: a link, once moved, would lead elsewhere. */
export async function messageFiles(dir: string): Promise<NamedFile[]> {
  const entries = await readdir(dir, { withFileTypes: true })
  const names = entries.filter((entry) => entry.isFile()).map((entry) => entry.name)
  const files = names.some((name) => name.includes('\ufffd'))
    ? await rawFiles(dir)
    : names.map((name) => ({ name, raw: null }))
  return files.filter(({ name }) => !name.startsWith('.'))
}

async function rawFiles(dir: string): Promise<NamedFile[]> {
  const entries = await readdir(dir, { withFileTypes: true, encoding: 'buffer' })
  return entries
    .filter((entry) => entry.isFile())
    .map(({ name: raw }) => {
      const name = raw.toString()
      return { name, raw: Buffer.from(name).equals(raw) ? null : raw }
    })
}
