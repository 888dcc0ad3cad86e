import {
  type CopyState,
  type FlagsNow,
  type FolderMark,
  ProviderError,
  type UidRanges,
  type Watched,
} from '../provider.ts'
import { parseRanges, rangesOf } from '../ranges.ts'
import type { Context } from './context.ts'
import { fetchRows, fetchStates } from './fetch.ts'
import { isOurs } from './find.ts'
import { listFolders } from './folders.ts'
import type { Selected } from './select.ts'
import { type Arg, atom, attributesOf, searchOf, sequence, textOf } from './wire.ts'

/** One LIST with STATUS where the server has it (RFC 5819): what changed in a mailbox costs one question. */
export async function survey(context: Context): Promise<readonly FolderMark[]> {
  await context.connection.unselect()
  const listed = await listFolders(context, { modseq: true })
  return listed.flatMap((folder) => {
    const { path, id, use, subscribed, status } = folder
    if (!status || isOurs(context, folder)) return []
    const { uidValidity, uidNext, messages, modseq } = status
    // 0 and 1: a server without lasting counters for this folder (RFC 7162 §3.1.2.2).
    const counter = modseq === '' || modseq === '0' ? null : modseq
    return [{ path, id, use, subscribed, uidValidity, uidNext, messages, modseq: counter }]
  })
}

async function openWatched(context: Context, { folder, uidValidity }: Watched): Promise<Selected> {
  const selected = await context.open(folder, { news: true })
  if (selected.uidValidity === uidValidity) return selected
  throw new ProviderError('changed', `${folder} of ${context.login} has new UIDs`)
}

export async function between(context: Context, watched: Watched, from: number, to: number): Promise<CopyState[]> {
  const selected = await openWatched(context, watched)
  const last = Math.min(to, selected.uidNext - 1)
  if (last < from) return []
  const states = await fetchStates(context, selected, `${from}:${last}`, { ids: true })
  return states.filter(({ ref }) => ref.uid >= from && ref.uid <= last)
}

export async function flagged(context: Context, watched: Watched, modseq: string | null): Promise<FlagsNow[]> {
  const selected = await openWatched(context, watched)
  if (selected.exists === 0) return []
  const since = modseq !== null && /^\d+$/.test(modseq) && context.connection.has('CONDSTORE') ? modseq : null
  const more: Arg[] = since === null ? [] : [[atom('CHANGEDSINCE'), atom(since)]]
  const rows = await fetchRows(context, '1:*', [atom('FLAGS')], more)
  return rows.flatMap(({ uid, flags }) => (flags ? [{ uid, ...flags }] : []))
}

/** As ranges (ESEARCH, RFC 4731): 100,000 messages in a row are one range. */
export async function present(context: Context, watched: Watched): Promise<UidRanges> {
  const selected = await openWatched(context, watched)
  if (selected.exists === 0) return []
  const doing = `listing ${watched.folder}`
  if (!context.connection.has('ESEARCH')) {
    const uids: number[] = []
    const untagged = { SEARCH: (response: unknown) => void uids.push(...searchOf(response)) }
    await context.connection.run('UID SEARCH', [atom('ALL')], { doing, untagged })
    return rangesOf(uids)
  }
  let found: UidRanges = []
  const untagged = {
    ESEARCH: (response: unknown) => {
      const words = attributesOf(response)
      const at = words.findIndex((word) => textOf(word)?.toUpperCase() === 'ALL')
      if (at >= 0) found = parseRanges(textOf(words[at + 1]) ?? '')
    },
  }
  const args: Arg[] = [atom('RETURN'), [atom('ALL')], atom('UID'), sequence('1:*')]
  await context.connection.run('UID SEARCH', args, { doing, untagged })
  return found
}
