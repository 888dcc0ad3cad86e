import { crashPoint } from '../../base/index.ts'
import { type AppendResult, type CopyState, ProviderError, type Restorable, type SystemFlag } from '../provider.ts'
import { sameFlags, sameInstant, storableDate, storableFlags } from '../state.ts'
import type { Context } from './context.ts'
import { fetchBytes, fetchStates } from './fetch.ts'
import type { Selected } from './select.ts'
import { type Arg, atom, atoms, codeOf, formatDate, mailbox, quoted, sequence } from './wire.ts'

/** P1b: one message from the vault, by synchronising literal, read back and compared. */
export async function append(context: Context, path: string, copy: Restorable): Promise<AppendResult> {
  if (copy.bytes.length === 0) throw new ProviderError('refused', 'an empty message cannot be stored')
  const date = storableDate(copy.internalDate)
  const storable = storableFlags(copy.flags, copy.keywords)
  const lost = [...storable.lost, ...date.lost]
  const selected = await context.open(path, { write: true })
  const { keep, refused } = permitted(storable.keywords, selected)
  lost.push(...refused)
  // A view that is older than this moment would not know the next UID.
  const since =
    context.connection.sinceSelect === 0 ? selected.uidNext : (await context.connection.select(path)).uidNext
  const uid = await send(context, path, copy.bytes, [...storable.flags, ...keep], date.date, since)
  context.touched = true
  const stored = await readBack(context, path, uid, since, copy)
  const state = await addMissing(context, stored, storable.flags, keep)
  lost.push(...compare(state, stored.bytes, { ...copy, internalDate: date.date }, storable.flags, keep))
  return { state, lost }
}

/** Keywords that the folder takes: all when it says `\*`, else those it knows. */
function permitted(keywords: readonly string[], selected: Selected): { keep: string[]; refused: string[] } {
  const { permanentFlags } = selected
  if (permanentFlags === null || permanentFlags.has('\\*')) return { keep: [...keywords], refused: [] }
  const keep = keywords.filter((keyword) => permanentFlags.has(keyword.toLowerCase()))
  const gone = keywords.filter((keyword) => !permanentFlags.has(keyword.toLowerCase()))
  return {
    keep,
    refused: gone.map((keyword) => `keyword ${JSON.stringify(keyword)}: the folder takes no new keywords`),
  }
}

/** Gives back the new UID, or null where the server does not tell it. */
async function send(
  context: Context,
  path: string,
  bytes: Buffer,
  flags: readonly string[],
  date: Date,
  since: number,
): Promise<number | null> {
  const nul = bytes.includes(0)
  if (nul && !context.connection.has('BINARY')) {
    throw new ProviderError('refused', 'the message contains NUL bytes, which this server cannot store')
  }
  const literal: Arg = { type: 'LITERAL', value: bytes, isLiteral8: nul }
  const run = (flags: readonly string[]) =>
    context.connection.run('APPEND', [mailbox(path), atoms(flags), quoted(formatDate(date)), literal], {
      doing: `putting a message back into ${path}`,
      effect: true,
      untagged: {},
    })
  crashPoint('mailboxes.before-append')
  const keywords = flags.filter((flag) => !flag.startsWith('\\'))
  const answer = await run(flags).catch((error: unknown) => {
    // "Too many user flags" and the like: the message matters more than its keywords; they are tried one by one after.
    if (error instanceof ProviderError && error.code === 'refused' && keywords.length > 0) {
      return run(flags.filter((flag) => flag.startsWith('\\')))
    }
    throw error
  })
  crashPoint('mailboxes.after-append')
  const [name, , uid] = codeOf(answer.response)
  const told = Number(uid)
  return name?.toUpperCase() === 'APPENDUID' && Number.isSafeInteger(told) && told >= since ? told : null
}

type Stored = CopyState & { readonly bytes: Buffer }

async function readBack(
  context: Context,
  path: string,
  uid: number | null,
  since: number,
  copy: Restorable,
): Promise<Stored> {
  const selected = await context.open(path, { news: true })
  const candidates =
    uid === null
      ? (await fetchStates(context, selected, `${since}:*`, { ids: false })).map((state) => state.ref.uid)
      : [uid]
  const found = (
    await fetchBytes(
      context,
      selected,
      candidates.filter((one) => one >= since),
    )
  ).reverse()
  const exact =
    found.find((one) => one.bytes.equals(copy.bytes)) ?? found.find((one) => normalised(one.bytes, copy.bytes))
  const stored = exact ?? (uid === null ? undefined : found[0])
  if (stored) return stored
  throw new ProviderError('unknown', `the message put back into ${path} is not to be found there`)
}

/** Keywords that APPEND did not take are set one by one, so that one bad one does not cost the others. */
async function addMissing(
  context: Context,
  stored: Stored,
  flags: readonly SystemFlag[],
  keywords: readonly string[],
): Promise<CopyState> {
  const { bytes: _, ...state } = stored
  if (sameFlags(state, { flags, keywords })) return state
  for (const keyword of keywords) {
    if (state.keywords.some((one) => one.toLowerCase() === keyword.toLowerCase())) continue
    const args = [sequence(String(state.ref.uid)), atom('+FLAGS.SILENT'), atoms([keyword])]
    await context.connection.run('UID STORE', args, { doing: `setting ${keyword}`, effect: true }).catch(answered)
  }
  const selected = await context.open(state.ref.folder)
  const [now] = await fetchStates(context, selected, String(state.ref.uid), { ids: true })
  return now ?? state
}

const answered = (error: unknown): void => {
  if (!(error instanceof ProviderError) || error.code !== 'refused') throw error
}

const crlf = (bytes: Buffer): Buffer =>
  Buffer.from(bytes.toString('latin1').replace(/\r*\n/g, '\r\n').replace(/\r+$/, '').replaceAll('\0', '\x80'), 'latin1')

/** Equal by the rule of P1b: after line ends were made CRLF (and NUL shown as 0x80). */
const normalised = (a: Buffer, b: Buffer): boolean => crlf(a).equals(crlf(b))

function compare(
  state: CopyState,
  bytes: Buffer,
  copy: Restorable,
  flags: readonly SystemFlag[],
  keywords: readonly string[],
): string[] {
  const lost: string[] = []
  if (!bytes.equals(copy.bytes)) {
    lost.push(
      normalised(bytes, copy.bytes)
        ? 'bytes: the server made the line ends CRLF'
        : `bytes: the server stored something else (${bytes.length} bytes for ${copy.bytes.length})`,
    )
  }
  if (!sameInstant(state.internalDate, copy.internalDate)) {
    lost.push(`date ${copy.internalDate.toISOString()}: the server made it ${state.internalDate.toISOString()}`)
  }
  const has = new Set([...state.flags, ...state.keywords].map((flag) => flag.toLowerCase()))
  for (const flag of [...flags, ...keywords]) {
    if (!has.has(flag.toLowerCase()))
      lost.push(`${flag.startsWith('\\') ? 'flag' : 'keyword'} ${JSON.stringify(flag)}: not kept by the server`)
  }
  return lost
}
