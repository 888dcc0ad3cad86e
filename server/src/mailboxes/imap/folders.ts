import { BadFolderName, type Folder, folderParts, notAFolder, ProviderError, type SpecialUse } from '../provider.ts'
import { SPECIAL_NAMES, specialUses } from '../special-use.ts'
import type { Context } from './context.ts'
import { answerCode } from './errors.ts'
import { parseStatus, type Status, statusOf } from './server.ts'
import { decodeMailbox, encodeMailbox } from './utf7.ts'
import { type Arg, atom, attributesOf, isList, mailbox, parenthesised, quoted, textOf } from './wire.ts'

export interface ListedFolder extends Folder {
  readonly status: Status | null
}

interface Line {
  readonly path: string
  readonly separator: string
  readonly attributes: readonly string[]
}

function lineOf(response: unknown): Line | null {
  const [attributes, separator, name] = attributesOf(response)
  const path = textOf(name)
  if (!isList(attributes) || path === null) return null
  const decoded = decodeMailbox(path)
  return {
    path: decoded.toUpperCase() === 'INBOX' ? 'INBOX' : decoded,
    separator: textOf(separator) ?? '/',
    attributes: attributes.map(textOf).filter((text) => text !== null),
  }
}

const isFolder = (line: Line) => !line.attributes.some((a) => /^\\(noselect|nonexistent)$/i.test(a))

/** All folders that can be opened, with their place and number of messages, in as few commands as the server allows. */
export async function listFolders(context: Context, options: { modseq?: boolean } = {}): Promise<ListedFolder[]> {
  const { connection } = context
  const guid = (await context.server.idItem(connection)) === 'X-GUID'
  const lines: Line[] = []
  const statuses = new Map<string, Status>()
  const extended = connection.has('LIST-EXTENDED')
  const untagged = {
    LIST: (response: unknown) => {
      const line = lineOf(response)
      if (line && isFolder(line)) lines.push(line)
    },
    STATUS: (response: unknown) => {
      const [name, list] = attributesOf(response)
      const path = decodeMailbox(textOf(name) ?? '')
      statuses.set(path.toUpperCase() === 'INBOX' ? 'INBOX' : path, parseStatus(list))
    },
  }
  const args: Arg[] = [quoted(''), quoted('*')]
  if (extended) args.push(atom('RETURN'), returned(context, guid, options.modseq ?? false))
  await connection.run('LIST', args, { doing: 'listing the folders', untagged })
  const subscribed = extended ? null : await subscriptions(context)
  const folders: ListedFolder[] = []
  for (const line of lines) {
    const status =
      statuses.get(line.path) ?? (await statusOf(connection, line.path, guid, options.modseq).catch(notToBeOpened))
    if (status) context.server.rememberFolder(context.login, line.path, status.uidValidity, status.folderId)
    folders.push({
      path: line.path,
      id: status?.folderId ?? null,
      use: null,
      subscribed: subscribed ? subscribed.has(line.path) : line.attributes.some((a) => /^\\subscribed$/i.test(a)),
      status,
    })
  }
  return withUses(folders, lines, connection.has('SPECIAL-USE'))
}

const notToBeOpened = (error: unknown): null => {
  if (error instanceof ProviderError && (error.code === 'refused' || error.code === 'denied')) return null
  throw error
}

function returned({ connection }: Context, guid: boolean, modseq: boolean): Arg {
  const wanted: Arg[] = [atom('SUBSCRIBED')]
  if (connection.has('SPECIAL-USE')) wanted.push(atom('SPECIAL-USE'))
  if (connection.has('LIST-STATUS')) {
    const items = ['MESSAGES', 'UIDNEXT', 'UIDVALIDITY', ...(guid ? ['X-GUID'] : [])]
    if (modseq && connection.has('CONDSTORE')) items.push('HIGHESTMODSEQ')
    wanted.push(atom('STATUS'), parenthesised(...items))
  }
  return wanted
}

async function subscriptions({ connection }: Context): Promise<Set<string>> {
  const paths = new Set<string>()
  await connection.run('LSUB', [quoted(''), quoted('*')], {
    doing: 'listing the subscriptions',
    untagged: {
      LSUB: (response) => {
        const line = lineOf(response)
        if (line) paths.add(line.path)
      },
    },
  })
  return paths
}

function withUses(folders: readonly ListedFolder[], lines: readonly Line[], extension: boolean): ListedFolder[] {
  const uses = specialUses(lines, extension)
  return folders.map((folder) => ({
    ...folder,
    use: folder.path === 'INBOX' ? 'inbox' : (uses.get(folder.path) ?? null),
  }))
}

export async function specialFolder(context: Context, use: SpecialUse): Promise<string> {
  if (use === 'inbox') return 'INBOX'
  const found = (await listFolders(context)).find((folder) => folder.use === use)
  if (found) return found.path
  const path = context.connection.personal.prefix + SPECIAL_NAMES[use]
  const attribute = `\\${SPECIAL_NAMES[use]}`
  const withUse: Arg[] = context.connection.has('CREATE-SPECIAL-USE') ? [[atom('USE'), [atom(attribute)]]] : []
  await createFolder(context, path, { subscribe: true }, withUse)
  return path
}

/** A part with the server's own separator in it would become two folders. */
export function userFolder({ connection }: Context, name: string): string {
  const { prefix, separator } = connection.personal
  const parts = folderParts(name)
  if (separator !== '/' && parts.some((part) => part.includes(separator)))
    throw new BadFolderName(name, `the mail server parts folders by "${separator}", which the name of one cannot hold`)
  return prefix + parts.join(separator)
}

/** Some servers change a name in silence (B8), and take the changed one for it ever after: it is read back by LIST, which tells its own. */
export async function createFolder(
  context: Context,
  path: string,
  options: { subscribe: boolean },
  more: readonly Arg[] = [],
): Promise<void> {
  const { connection } = context
  const { holdPrefix, visibleHold } = context.server.settings
  const root = connection.personal.prefix + visibleHold
  if ([holdPrefix, root + connection.personal.separator].some((ours) => `${path}/`.startsWith(ours)))
    throw notAFolder(path)
  // Before it is sent: line ends and NUL are no part of a name for any server.
  if (/\p{Cc}/u.test(path)) throw new BadFolderName(path, 'it holds a control character')
  await connection
    .run('CREATE', [mailbox(path), ...more], { doing: `making the folder ${path}`, effect: true })
    .catch((error: unknown) => {
      throw badName(error, path) ?? error
    })
  context.touched = true
  if (!(await isListed(context, path))) {
    throw new ProviderError(
      'refused',
      `${context.server.settings.host} made another folder than ${path}: the name is not possible there`,
    )
  }
  if (!options.subscribe) return
  await connection.run('SUBSCRIBE', [mailbox(path)], { doing: `subscribing ${path}`, effect: true })
}

/** What a name can have on the usual file systems, without what servers add to it. */
const LONG = 200

/** A refusal that stays one (RFC 5530), told of the name. Dovecot has no better word for a path that is too long than that it is broken. */
function badName(error: unknown, path: string): BadFolderName | null {
  if (!(error instanceof ProviderError) || error.code !== 'refused') return null
  const code = answerCode(error)
  const long = encodeMailbox(path).length > LONG
  if (code !== 'CANNOT' && code !== '' && !(code === 'SERVERBUG' && long)) return null
  return new BadFolderName(path, `${long ? 'it may be too long; ' : ''}${error.message}`, { cause: error })
}

async function isListed({ connection }: Context, path: string): Promise<boolean> {
  let found = false
  await connection.run('LIST', [quoted(''), mailbox(path)], {
    doing: `looking for the folder ${path}`,
    untagged: {
      LIST: (response) => {
        // `%` and `*` in the name may bring others as well.
        const line = lineOf(response)
        if (line && isFolder(line) && line.path === path) found = true
      },
    },
  })
  return found
}
