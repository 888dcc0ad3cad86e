import { type CopyRef, type Flags, ProviderError } from '../provider.ts'
import { sameFlags, storableFlags } from '../state.ts'
import type { Context } from './context.ts'
import { fetchStates } from './fetch.ts'
import { openIfThere } from './find.ts'
import { type Arg, atom, atoms, codeOf, sequence } from './wire.ts'

/** Exactly these flags, unless the user changed them since `seen`, or changes them while we look (UNCHANGEDSINCE). */
export async function setFlags(
  context: Context,
  ref: CopyRef,
  wanted: Flags,
  seen: Flags | undefined,
): Promise<{ readonly lost: readonly string[] }> {
  const selected = await openIfThere(context, ref.folder)
  const uid = String(ref.uid)
  const changed = (what: string) => new ProviderError('changed', `${ref.folder} ${uid} of ${context.login}: ${what}`)
  if (!selected || selected.uidValidity !== ref.uidValidity) throw changed('the folder is another one now')
  if (selected.readOnly) throw new ProviderError('read-only', `${ref.folder} of ${context.login} is read-only for us`)
  const [now] = await fetchStates(context, selected, uid, { ids: false, modseq: true })
  if (!now) throw changed('the message is no longer there')
  if (seen && !sameFlags(seen, now)) throw changed('its flags were changed meanwhile')
  const { flags, keywords, lost } = storableFlags(wanted.flags, wanted.keywords)
  const condition: Arg[] = now.modseq === null ? [] : [[atom('UNCHANGEDSINCE'), atom(String(now.modseq))]]
  const args = [sequence(uid), ...condition, atom('FLAGS.SILENT'), atoms([...flags, ...keywords])]
  const answer = await context.connection.run('UID STORE', args, {
    doing: `setting flags in ${ref.folder}`,
    effect: true,
  })
  // The answer is OK even when nothing was stored (G5).
  if (codeOf(answer.response)[0]?.toUpperCase() === 'MODIFIED') throw changed('its flags were changed meanwhile')
  context.touched = true
  const [after] = await fetchStates(context, selected, uid, { ids: false })
  if (!after) throw changed('the message is no longer there')
  const has = new Set(after.keywords.map((keyword) => keyword.toLowerCase()))
  const refused = keywords.filter((keyword) => !has.has(keyword.toLowerCase()))
  return { lost: [...lost, ...refused.map((k) => `keyword ${JSON.stringify(k)}: not kept by the server`)] }
}
