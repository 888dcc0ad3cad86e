import { createHash, randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import type { CopyState, CopyWithBytes, MailboxProvider, MailboxSession, Position, SystemFlag } from '../provider.ts'

/** The owner of a mailbox, by another way than ours: IMAP as the user, files, or the model itself. */
export interface Owner {
  append(folder: string, bytes: Buffer, flags: readonly string[], date: Date): Promise<void>
  /** Everything in a folder, in UID order. */
  list(folder: string): Promise<{ uid: number; flags: readonly string[] }[]>
  move(folder: string, uid: number, target: string): Promise<void>
  copy(folder: string, uid: number, target: string): Promise<void>
  /** Replaces flags and keywords. */
  flag(folder: string, uid: number, flags: readonly string[]): Promise<void>
  expunge(folder: string, uid: number): Promise<void>
  createFolder(path: string): Promise<void>
  renameFolder(path: string, to: string): Promise<void>
  deleteFolder(path: string): Promise<void>
  /** Whether the user can list or open this path. */
  reaches(path: string): Promise<boolean>
}

export interface Subject {
  readonly name: string
  start(): Promise<{ provider: MailboxProvider; owner(login: string): Promise<Owner>; stop(): Promise<void> }>
  /** Where this server differs, on purpose and listed. */
  readonly differs?: {
    /** Originals are only marked (no UIDPLUS): what then cannot be shown is left out. */
    readonly marksOnly?: boolean
    readonly holdVisible?: boolean
    /** Line ends and NUL are kept exactly even by append (files); else they are normalised and this is said. */
    readonly exactBytes?: boolean
    /** Any date can be stored. */
    readonly anyDate?: boolean
    readonly noFolderIds?: boolean
    /** NUL is refused (IMAP without BINARY). */
    readonly noNul?: boolean
  }
}

/** A behaviour that only some servers have: where it does not apply there is no such test, rather than a skipped one. */
export const testIf = (applies: boolean | undefined): typeof test | typeof nothing => (applies ? test : nothing)
const nothing = (): void => {}

export const mail = (subject: string, more: Record<string, string> = {}, body = 'Hello,\r\n\r\nthere.\r\n'): Buffer =>
  Buffer.from(
    [
      'From: Bo <bo@sender.example>',
      `Subject: ${subject}`,
      ...Object.entries({ 'Message-ID': `<${randomUUID()}@sender.example>`, ...more }).map(([k, v]) => `${k}: ${v}`),
      '',
      body,
    ].join('\r\n'),
    'latin1',
  )

export const sha = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}

export const FIVE: readonly SystemFlag[] = ['\\Answered', '\\Deleted', '\\Draft', '\\Flagged', '\\Seen']
export const SEVEN = ['$Forwarded', '$Label1', '$MDNSent', 'Invoice', 'NonJunk', 'Project-X', 'ToDo']
export const OLD = new Date('2019-02-01T03:04:05+05:30')

/** All copies in a folder, but for what a provider keeps there for itself (the anchor of a hold). */
export async function inFolder(session: MailboxSession, folder: string): Promise<CopyWithBytes[]> {
  const position = await session.position(folder)
  if (!position) return []
  const uids = Array.from({ length: position.uidNext - 1 }, (_, i) => i + 1)
  const copies = await all(session.read(folder, uids))
  return copies.filter((copy) => !copy.bytes.includes('X-Recourse-Anchor'))
}

export const must = <T>(value: T | null | undefined): T => {
  if (value === null || value === undefined) throw new Error('expected something')
  return value
}

/** What the parts of the suite work with. */
export class Kit {
  readonly differs: NonNullable<Subject['differs']>
  #running: Awaited<ReturnType<Subject['start']>> | undefined
  #count = 0

  constructor(subject: Subject) {
    this.differs = subject.differs ?? {}
  }

  async start(subject: Subject): Promise<void> {
    this.#running = await subject.start()
  }

  async stop(): Promise<void> {
    await this.#running?.stop()
  }

  get provider(): MailboxProvider {
    return must(this.#running).provider
  }

  /** A fresh mailbox and its twin at another organisation; the twin must be untouched at the end. */
  pair = async (run: (session: MailboxSession, owner: Owner, login: string) => Promise<void>): Promise<void> => {
    const running = must(this.#running)
    const name = `user${++this.#count}`
    const logins = [`${name}@one.example`, `${name}@two.example`] as const
    const seed = mail('twin', { 'X-Recourse-Message-Id': '0197-twin' })
    const owners = await Promise.all(logins.map((login) => running.owner(login)))
    for (const owner of owners) await owner.append('INBOX', seed, ['\\Seen', 'Twin'], OLD)
    const [session, twin] = await Promise.all(logins.map((login) => running.provider.open({ login })))
    try {
      const before = await inFolder(must(twin), 'INBOX')
      await run(must(session), must(owners[0]), logins[0])
      const after = await inFolder(must(twin), 'INBOX')
      expect(after.map(shown)).toEqual(before.map(shown))
      const paths = (await must(twin).folders()).map((folder) => folder.path)
      expect(paths.filter((path) => /mine/i.test(path))).toEqual([])
    } finally {
      await session?.close()
      await twin?.close()
    }
  }
}

/** New messages in a folder: every second one with all flags and keywords, the others with one keyword. */
export async function seed(
  session: MailboxSession,
  owner: Owner,
  count: number,
  folder = 'INBOX',
): Promise<CopyState[]> {
  const known = new Set((await inFolder(session, folder)).map((copy) => copy.ref.uid))
  for (let i = 0; i < count; i++) {
    const flags = i % 2 ? [...FIVE, ...SEVEN] : ['$Label1']
    await owner.append(folder, mail(`seed ${i}`, {}, `body ${i}\r\n`), flags, new Date(OLD.getTime() + i * 60_000))
  }
  return (await inFolder(session, folder)).filter((copy) => !known.has(copy.ref.uid)).map(withoutBytes)
}

export const here = async (session: MailboxSession, folder: string): Promise<Position> =>
  must(await session.position(folder))

export const uids = (copies: readonly CopyState[]): number[] => copies.map((copy) => copy.ref.uid)
export const uidsOf = (refs: readonly { uid: number }[]): number[] => refs.map((ref) => ref.uid)

const withoutBytes = ({ bytes: _, ...state }: CopyWithBytes): CopyState => state

/** What must be equal when a copy came back: everything but its place. */
export const shown = (copy: CopyState | CopyWithBytes) => ({
  flags: copy.flags,
  keywords: copy.keywords.map((keyword) => keyword.toLowerCase()),
  date: copy.internalDate.toISOString(),
  size: copy.size,
  hash: 'bytes' in copy ? sha(copy.bytes) : null,
  messageId: copy.internetMessageId,
  networkMessageId: copy.networkMessageId,
})
