import { createReadStream, existsSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { messageOf } from '../../base/index.ts'
import { readMailSources } from './read.ts'
import type { SourceMail } from './types.ts'

export interface ImportProgress {
  /** Taken in, duplicates not counted. */
  readonly imported: number
  /** Known already: nothing was doubled. */
  readonly duplicates: number
  /** Done in an earlier run, by the journal. */
  readonly skipped: number
  readonly failed: number
  readonly bytes: number
  readonly seconds: number
  /** Messages per second of this run, without the skipped ones. */
  readonly rate: number
}

export interface ImportProblem {
  /** File, or file#offset within an mbox. */
  readonly id: string
  readonly why: string
}

export interface ImportOptions {
  /** Takes one message in: posts it to the server, or calls the intake. Throws when it was not taken. */
  readonly submit: (mail: SourceMail) => Promise<{ readonly duplicate: boolean }>
  /** File that remembers what is done: the same command goes on where it stopped. */
  readonly journal?: string
  /** At the same time. Default 8. */
  readonly concurrency?: number
  readonly progress?: (p: ImportProgress) => void
  readonly problem?: (p: ImportProblem) => void
  readonly signal?: AbortSignal
}

export interface ImportResult extends ImportProgress {
  /** The first thousand; all are counted. */
  readonly problems: readonly ImportProblem[]
}

const KEPT = 1000

/** Imports everything below a path. One that fails is named and counted, and the rest goes on. */
export async function importPath(path: string, options: ImportOptions): Promise<ImportResult> {
  const journal = options.journal === undefined ? null : await openJournal(options.journal)
  const started = performance.now()
  const count = { imported: 0, duplicates: 0, skipped: 0, failed: 0, bytes: 0 }
  const problems: ImportProblem[] = []
  const now = (): ImportProgress => {
    const seconds = (performance.now() - started) / 1000
    return { ...count, seconds, rate: seconds === 0 ? 0 : (count.imported + count.duplicates) / seconds }
  }
  const failed = (id: string, why: string): void => {
    count.failed++
    if (problems.length < KEPT) problems.push({ id, why })
    options.problem?.({ id, why })
  }
  const one = async (mail: SourceMail): Promise<void> => {
    try {
      const { duplicate } = await options.submit(mail)
      if (duplicate) count.duplicates++
      else count.imported++
      await journal?.done(mail.id)
    } catch (error) {
      failed(mail.id, messageOf(error))
    }
    count.bytes += mail.raw.length
    options.progress?.(now())
  }

  const running = new Set<Promise<void>>()
  try {
    for await (const item of readMailSources(path)) {
      if (options.signal?.aborted) break
      if (item.kind === 'problem') failed(item.id, item.why)
      else if (journal?.has(item.id)) {
        count.skipped++
        count.bytes += item.raw.length
        options.progress?.(now())
      } else {
        const work = one(item).finally(() => running.delete(work))
        running.add(work)
        if (running.size >= (options.concurrency ?? 8)) await Promise.race(running)
      }
    }
    await Promise.all(running)
  } finally {
    await journal?.close()
  }
  return { ...now(), problems }
}

/** One finished id a line; a line that a crash cut short is no id, and its message comes again as a duplicate. */
async function openJournal(path: string) {
  const known = new Set<string>()
  if (existsSync(path)) {
    for await (const line of createInterface({ input: createReadStream(path) })) {
      const id = idOf(line)
      if (id !== null) known.add(id)
    }
  }
  const file: FileHandle = await open(path, 'a')
  // Whatever a crash left unfinished is ended, so that it cannot swallow the next line.
  if ((await file.stat()).size > 0) await file.appendFile('\n')
  return {
    has: (id: string) => known.has(id),
    done: async (id: string) => {
      known.add(id)
      await file.appendFile(`${JSON.stringify(id)}\n`)
    },
    close: () => file.close(),
  }
}

function idOf(line: string): string | null {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'string' ? value : null
  } catch {
    return null
  }
}
