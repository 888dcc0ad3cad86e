import { type Hold, type Position, ProviderError } from '../provider.ts'
import { storableFlags } from '../state.ts'
import type { Context } from './context.ts'
import { listFolders } from './folders.ts'
import { statusOf } from './server.ts'
import { type Arg, atom, atoms, attributesOf, mailbox, quoted, searchOf, sequence, textOf } from './wire.ts'

/** Marks our own message in a hold that carries every keyword of the batches (A31). It is never moved. */
export const ANCHOR_HEADER = 'X-Recourse-Anchor'

export interface ReadyHold {
  readonly path: string
  /** Its place when it was asked for just now, so that it need not be asked for twice. */
  readonly position: Position | null
}

/** Path of a hold, made and primed where that is not known to be done. */
export async function readyHold(context: Context, hold: Hold, keywords: readonly string[]): Promise<ReadyHold> {
  const path = await holdPath(context, hold)
  const wanted = storableFlags([], keywords).keywords.map((keyword) => keyword.toLowerCase())
  const prepared = context.server.preparedHold(context.login, path)
  if (prepared && wanted.every((keyword) => prepared.has(keyword))) return { path, position: null }
  const position = await ensure(context, path)
  const known = await prime(context, path, keywords, wanted)
  context.server.rememberHold(context.login, path, new Set([...(prepared ?? []), ...known, ...wanted]))
  // Priming moves UIDNEXT on: a place below it would only make us look at the anchor as well, so it stays usable.
  return { path, position }
}

async function holdPath(context: Context, hold: Hold): Promise<string> {
  const { settings } = context.server
  if (await holdIsHidden(context)) return settings.holdPrefix + hold
  const { prefix, separator } = context.connection.personal
  return [prefix + settings.visibleHold, hold].join(separator)
}

/**
 * Whether our namespace is there and out of the user's reach: we can make a folder in it, it is not among the folders
 * that LIST shows, and where the server tells its ACL the owner has no right there. Looked at once per server.
 */
export async function holdIsHidden(context: Context): Promise<boolean> {
  const { server } = context
  if (server.holdHidden !== undefined) return server.holdHidden
  const path = `${server.settings.holdPrefix}quarantine`
  server.holdHidden = await looksHidden(context, path)
  return server.holdHidden
}

async function looksHidden(context: Context, path: string): Promise<boolean> {
  // A namespace that is `list = no` is not among the folders, before as after something was made in it. Without the
  // namespace the prefix would be an ordinary folder, which is not made just for looking.
  if (context.server.settings.auth.type === 'credentials') return false
  const before = await statusOf(context.connection, path, false).catch(refusedIsNull)
  if (before === null && !(await make(context, path))) return false
  const listed = (await listFolders(context)).some((folder) => folder.path === path)
  if (!listed && !(await ownerHasRights(context, path))) return true
  if (before === null) await context.connection.run('DELETE', [mailbox(path)], { doing: `removing ${path}` })
  return false
}

const refusedIsNull = (error: unknown): null => {
  if (error instanceof ProviderError && ['refused', 'denied', 'no-folder'].includes(error.code)) return null
  throw error
}

async function make(context: Context, path: string): Promise<boolean> {
  try {
    await context.connection.run('CREATE', [mailbox(path)], { doing: `making the hold ${path}`, effect: true })
    return true
  } catch (error) {
    return refusedIsNull(error) ?? false
  }
}

async function ownerHasRights(context: Context, path: string): Promise<boolean> {
  if (!context.connection.has('ACL')) return false
  let rights = false
  await context.connection
    .run('GETACL', [mailbox(path)], {
      doing: `asking who may use ${path}`,
      untagged: {
        ACL: (response) => {
          const [, ...pairs] = attributesOf(response).map((token) => textOf(token) ?? '')
          for (let i = 0; i + 1 < pairs.length; i += 2) {
            const who = (pairs[i] ?? '').replace(/^#/, '').toLowerCase()
            const users = ['owner', 'anyone', 'authenticated', context.login.toLowerCase()].includes(who)
            if (users && (pairs[i + 1] ?? '') !== '') rights = true
          }
        },
      },
    })
    .catch(refusedIsNull)
  return rights
}

async function ensure(context: Context, path: string): Promise<Position> {
  const guid = (await context.server.idItem(context.connection)) === 'X-GUID'
  const found = await statusOf(context.connection, path, guid)
  if (!found && !(await make(context, path))) {
    throw new ProviderError(
      'denied',
      `the hold ${path} cannot be made for ${context.login}: give the service account its rights there (docs/dovecot.md)`,
    )
  }
  const status = found ?? (await statusOf(context.connection, path, guid))
  if (!status) throw new ProviderError('no-folder', `the hold ${path} of ${context.login} is not there after making it`)
  context.server.rememberFolder(context.login, path, status.uidValidity, status.folderId)
  return { folder: path, folderId: status.folderId, uidValidity: status.uidValidity, uidNext: status.uidNext }
}

/**
 * Dovecot, killed in a MOVE into a Maildir folder that does not know a keyword, loses that keyword for ever (A31). So
 * the hold knows every keyword before, by an anchor that carries it. Gives back the keywords that the hold knows.
 */
async function prime(
  context: Context,
  path: string,
  keywords: readonly string[],
  wanted: readonly string[],
): Promise<ReadonlySet<string>> {
  if (wanted.length === 0 || (await context.server.idItem(context.connection)) !== 'X-GUID') return new Set()
  const { known } = await context.open(path, { write: true })
  if (wanted.every((keyword) => known.has(keyword))) return known
  const flags = ['\\Seen', ...storableFlags([], keywords).keywords]
  // Held mail is somebody else's text: one that bears our header must not be taken for the anchor and get its flags. Whatever was
  // taken has our message ID in front, which the anchor has not.
  const untaken = [atom('NOT'), atom('HEADER'), quoted('X-Recourse-Message-Id'), quoted('')]
  const anchors = await search(context, [atom('HEADER'), quoted(ANCHOR_HEADER), quoted(''), ...untaken])
  const [anchor] = anchors
  try {
    if (anchor === undefined) await appendAnchor(context, path, flags)
    else await context.connection.run('UID STORE', store(anchor, flags), { doing: `priming ${path}`, effect: true })
  } catch (error) {
    // A full mailbox or a keyword limit must not stop a take: what a kill could spoil is repaired from the item.
    if (!(error instanceof ProviderError) || !['quota', 'refused'].includes(error.code)) throw error
  }
  // The keywords that SELECT told are those from before; the next look must tell the new ones.
  context.connection.selected = null
  return known
}

const store = (uid: number, flags: readonly string[]): Arg[] => [
  sequence(String(uid)),
  atom('+FLAGS.SILENT'),
  atoms(flags),
]

async function appendAnchor(context: Context, path: string, flags: readonly string[]): Promise<void> {
  const text = [
    'From: Recourse <recourse@localhost>',
    'Subject: Recourse keeps this message so that the keywords of held mail survive. Do not remove it.',
    `${ANCHOR_HEADER}: yes`,
    '',
    '',
  ].join('\r\n')
  const args: Arg[] = [mailbox(path), atoms(flags), { type: 'LITERAL', value: Buffer.from(text), isLiteral8: false }]
  await context.connection.run('APPEND', args, { doing: `priming ${path}`, effect: true })
}

export async function search(context: Context, criteria: readonly Arg[]): Promise<number[]> {
  const uids: number[] = []
  await context.connection.run('UID SEARCH', criteria, {
    doing: `searching ${context.connection.selected?.path ?? ''}`,
    untagged: {
      SEARCH: (response) => {
        uids.push(...searchOf(response))
      },
    },
  })
  return uids.sort((a, b) => a - b)
}
