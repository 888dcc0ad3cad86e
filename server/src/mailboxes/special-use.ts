import { specialUse } from 'imapflow/lib/special-use.js'
import type { SpecialUse } from './provider.ts'

const USES: Readonly<Record<string, SpecialUse>> = {
  '\\junk': 'junk',
  '\\trash': 'trash',
  '\\sent': 'sent',
  '\\drafts': 'drafts',
  '\\archive': 'archive',
}

/** How a folder of ours is called where the mailbox has none of this use yet. */
export const SPECIAL_NAMES: Readonly<Record<Exclude<SpecialUse, 'inbox'>, string>> = {
  junk: 'Junk',
  trash: 'Trash',
  sent: 'Sent',
  drafts: 'Drafts',
  archive: 'Archive',
}

export interface NamedFolder {
  readonly path: string
  readonly separator: string
  /** What LIST says of it, e.g. `\Junk`; empty where there is no such thing. */
  readonly attributes: readonly string[]
}

/**
 * Which folder is which: by the server's attribute, else by its name, in any language that imapflow's tables know. Of
 * several the surest, then the shortest path. By path.
 */
export function specialUses(folders: readonly NamedFolder[], extension: boolean): ReadonlyMap<string, SpecialUse> {
  const best = new Map<SpecialUse, { path: string; rank: number }>()
  const ranks = ['extension', 'name', 'name-guess']
  for (const { path, separator, attributes } of folders) {
    const name = path.split(separator).at(-1) ?? path
    const { flag, source } = specialUse(extension, { flags: new Set(attributes), name })
    const use = flag ? USES[flag.toLowerCase()] : undefined
    if (!use || path === 'INBOX') continue
    const rank = ranks.indexOf(source ?? 'name-guess') * 1000 + path.length
    if (rank < (best.get(use)?.rank ?? Number.POSITIVE_INFINITY)) best.set(use, { path, rank })
  }
  return new Map<string, SpecialUse>([...best].map(([use, { path }]) => [path, use]))
}
