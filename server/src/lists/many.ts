import { AppError, type EntryId } from '../base/index.ts'
import type { Outbox, Tx } from '../storage/index.ts'
import type { Entry, EntryActor, NewEntry } from './door.ts'
import { addEntry, removeEntry } from './entries.ts'

/** What became of one of several. */
export interface Outcome {
  /** The value as it was written, or the entry's id. */
  readonly of: string
  /** `skipped`: it is so already. */
  readonly status: 'succeeded' | 'skipped' | 'failed'
  readonly entry: Entry | null
  /** Why not. */
  readonly error: { readonly code: string; readonly message: string; readonly cure: string } | null
}

/** Adds an entry for each value, all of one action and kind (lists #87). One that is refused stops no other (lists #88, #89). */
export async function addEntries(
  tx: Tx,
  outbox: Outbox,
  actor: EntryActor,
  values: readonly string[],
  wanted: Omit<NewEntry, 'value'>,
): Promise<Outcome[]> {
  const done: Outcome[] = []
  for (const value of values)
    done.push(await outcome(value, 'entry-exists', () => addEntry(tx, outbox, actor, { ...wanted, value })))
  return done
}

/** Removes entries; one that is not there stops no other. */
export async function removeEntries(
  tx: Tx,
  outbox: Outbox,
  actor: EntryActor,
  ids: readonly EntryId[],
): Promise<Outcome[]> {
  const done: Outcome[] = []
  // In one order, so that two people who remove the same entries do not wait for each other.
  for (const id of [...new Set(ids)].sort())
    done.push(await outcome(id, null, () => removeEntry(tx, outbox, actor, id)))
  return done
}

async function outcome(of: string, skipped: string | null, work: () => Promise<Entry>): Promise<Outcome> {
  try {
    return { of, status: 'succeeded', entry: await work(), error: null }
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    const { code, message, cure } = error
    return { of, status: code === skipped ? 'skipped' : 'failed', entry: null, error: { code, message, cure } }
  }
}
