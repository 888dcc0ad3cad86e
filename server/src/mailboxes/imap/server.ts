import { ProviderError } from '../provider.ts'
import type { Connection } from './connection.ts'
import type { ImapSettings } from './options.ts'
import { attributesOf, mailbox, pairsOf, parenthesised, textOf } from './wire.ts'

/** The fetch item that identifies a message across moves; asking a server for one it does not know is BAD (D1). */
export type IdItem = 'X-GUID' | 'EMAILID' | null

const MAX_REMEMBERED = 50_000

/** What was learned about one mail server; shared by all sessions. Nothing here is needed to be right, only to be fast. */
export class Server {
  readonly settings: ImapSettings
  /** Whether our hold namespace is out of the users' reach; undefined = not looked yet. */
  holdHidden: boolean | undefined
  #idItem: IdItem | undefined
  readonly #folderIds = new Map<string, string | null>()
  readonly #holds = new Map<string, ReadonlySet<string>>()

  constructor(settings: ImapSettings) {
    this.settings = settings
  }

  async idItem(connection: Connection): Promise<IdItem> {
    if (this.#idItem !== undefined) return this.#idItem
    if (connection.has('OBJECTID')) this.#idItem = 'EMAILID'
    else if (connection.isDovecot) this.#idItem = 'X-GUID'
    else this.#idItem = await probeGuid(connection)
    return this.#idItem
  }

  /** Id of a folder. Path and UIDVALIDITY together never mean another folder later (B2), so it is asked once. */
  async folderId(connection: Connection, path: string, uidValidity: string): Promise<string | null> {
    const { selected } = connection
    if (selected?.path === path && selected.mailboxId) return selected.mailboxId
    if ((await this.idItem(connection)) !== 'X-GUID') return null
    const key = `${connection.login}\n${path}\n${uidValidity}`
    const known = this.#folderIds.get(key)
    if (known !== undefined) return known
    const status = await askStatus(connection, path, true)
    const id = status?.uidValidity === uidValidity ? status.folderId : null
    this.rememberFolder(connection.login, path, uidValidity, id)
    return id
  }

  rememberFolder(login: string, path: string, uidValidity: string, id: string | null): void {
    if (this.#folderIds.size >= MAX_REMEMBERED) this.#folderIds.clear()
    this.#folderIds.set(`${login}\n${path}\n${uidValidity}`, id)
  }

  /** Keywords with which this hold was prepared in this process; undefined = not prepared yet. */
  preparedHold(login: string, path: string): ReadonlySet<string> | undefined {
    return this.#holds.get(`${login}\n${path}`)
  }

  rememberHold(login: string, path: string, keywords: ReadonlySet<string>): void {
    if (this.#holds.size >= MAX_REMEMBERED) this.#holds.clear()
    this.#holds.set(`${login}\n${path}`, keywords)
  }

  /** A hold that turned out to be missing is prepared anew. */
  forgetHold(login: string, path: string): void {
    this.#holds.delete(`${login}\n${path}`)
  }
}

async function probeGuid(connection: Connection): Promise<IdItem> {
  try {
    const status = await askStatus(connection, 'INBOX', true)
    return status?.folderId ? 'X-GUID' : null
  } catch (error) {
    if (error instanceof ProviderError && error.code === 'refused') return null
    throw error
  }
}

export interface Status {
  readonly uidValidity: string
  readonly uidNext: number
  readonly messages: number
  readonly modseq: string
  readonly folderId: string | null
}

/** State of one folder; null when there is no such folder. `modseq` makes the server open it: only for whom it matters. */
export async function statusOf(
  connection: Connection,
  path: string,
  guid: boolean,
  modseq = false,
): Promise<Status | null> {
  try {
    // STATUS of the selected folder answers from the old view, even after the folder was renamed: it is opened anew.
    if (connection.selected?.path !== path) return await askStatus(connection, path, guid, modseq)
    const { uidValidity, uidNext, exists, modseq: highest } = await connection.select(path)
    const folderId = guid ? ((await askStatus(connection, path, true))?.folderId ?? null) : null
    return { uidValidity, uidNext, messages: exists, modseq: highest, folderId }
  } catch (error) {
    if (error instanceof ProviderError && error.code === 'no-folder') return null
    throw error
  }
}

async function askStatus(connection: Connection, path: string, guid: boolean, modseq = false): Promise<Status | null> {
  let found: Status | null = null
  const items = ['MESSAGES', 'UIDNEXT', 'UIDVALIDITY']
  if (modseq && connection.has('CONDSTORE')) items.push('HIGHESTMODSEQ')
  if (guid) items.push('X-GUID')
  await connection.run('STATUS', [mailbox(path), parenthesised(...items)], {
    doing: `asking for the state of ${path}`,
    untagged: {
      STATUS: (response) => {
        found = parseStatus(attributesOf(response)[1])
      },
    },
  })
  return found
}

export function parseStatus(list: unknown): Status {
  const pairs = pairsOf(list)
  const text = (name: string) => textOf(pairs.get(name)) ?? ''
  return {
    uidValidity: text('UIDVALIDITY'),
    uidNext: Number(text('UIDNEXT')),
    messages: Number(text('MESSAGES')),
    modseq: text('HIGHESTMODSEQ'),
    folderId: text('X-GUID') || null,
  }
}
