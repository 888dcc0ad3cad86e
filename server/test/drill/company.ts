import { createHash } from 'node:crypto'
import {
  chownSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ALL_MIGRATIONS } from '../../src/migrations.ts'
import { connect, migrate } from '../../src/storage/index.ts'
import { unprivileged } from '../rig/account.ts'
import { asDelivered, keep, letter, organise } from '../rig/office.ts'
import { seedMaildir } from '../rig/seed.ts'

export const DOMAIN = 'alderfinch.example'
/** What the bad rule takes for malicious: a content network that good senders use. */
export const CDN = 'cdn.goodnews.example'
const MOST_RECIPIENTS = 50

/** Flags as letters of a Maildir's name: read, answered, flagged, marked as deleted; and two keywords. */
const LETTERS = ['', 'S', 'RS', 'FS', 'FRSa', 'Sab', 'S', '', 'b']
const KEYWORDS = ['$Forwarded', 'Projekt-7']
const DATES = ['2019-02-01T03:04:05Z', '2024-02-29T23:59:59Z', '2026-03-29T01:30:00Z', '2026-04-30T12:00:00Z']

export const login = (n: number): string => `user${String(n).padStart(4, '0')}@${DOMAIN}`
export const mailRoot = (dovecotDir: string): string => join(dovecotDir, 'mail')

const text = (n: number): string =>
  `Newsletter ${n}: https://${CDN}/issue/${n}.html\r\n${`Line of issue ${n}, as long as lines in mail often are.\r\n`.repeat(10 + ((n * 61) % 90))}`

/** A directory for everything, reachable by the account that runs the servers. */
export function makeDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'recourse-drill-'))
  own(dir)
  for (const sub of ['data', 'dovecot', 'dovecot/mail']) {
    mkdirSync(join(dir, sub), { mode: 0o700 })
    own(join(dir, sub))
  }
  return dir
}

function own(path: string): void {
  const account = unprivileged()
  if (account) chownSync(path, account.uid, account.gid)
}

function ownAll(dir: string): void {
  const account = unprivileged()
  if (!account) return
  for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
    lchownSync(join(entry.parentPath, entry.name), account.uid, account.gid)
  }
  own(dir)
}

/** What the records and the mailboxes hold before anything goes wrong: delivered mail with a good link in it. */
export async function seedCompany(dir: string, copies: number, mailboxes: number): Promise<void> {
  const data = join(dir, 'data')
  const account = unprivileged()
  const storage = await connect({
    embedded: { dir: join(data, 'postgres'), ...(account ? { account } : {}), settings: { synchronous_commit: 'off' } },
    blobs: { dir: join(data, 'blobs'), keyFile: join(data, 'master.key') },
  })
  try {
    await migrate(storage, ALL_MIGRATIONS)
    const tenant = await storage.createTenant('Alder & Finch')
    const logins = Array.from({ length: mailboxes }, (_, n) => login(n))
    const people = await organise(storage, tenant, logins)
    const files = new Map<string, { bytes: Buffer; letters: string; date: Date }[]>()
    // One copy of a message in a mailbox.
    const recipients = Math.min(MOST_RECIPIENTS, mailboxes)
    const messages = Math.ceil(copies / recipients)
    const one = async (n: number) => {
      const mail = letter(`Good news ${n}`, text(n))
      const to = Array.from({ length: Math.min(recipients, copies - n * recipients) }, (_, m) => {
        const address = logins[(n * recipients + m) % mailboxes] ?? ''
        const file = {
          bytes: asDelivered(mail.sent, address),
          letters: LETTERS[(n + m) % LETTERS.length] ?? '',
          date: new Date(DATES[(n * 3 + m) % DATES.length] ?? 0),
        }
        const folder = (n + m) % 10 === 3 ? '.Work' : 'INBOX'
        const key = `${address}\n${folder}`
        files.set(key, [...(files.get(key) ?? []), file])
        const mailbox = people.get(address)
        return mailbox ? [{ mailbox, ref: null, ...(folder === 'INBOX' ? {} : { folder: 'Work' }) }] : []
      }).flat()
      const entities = [
        { kind: 'url-domain' as const, value: CDN },
        { kind: 'url' as const, value: `https://${CDN}/issue/${n}.html` },
      ]
      await keep(storage, tenant, {
        letter: mail,
        at: 'inbox',
        to,
        entities,
        receivedAt: new Date(Date.now() - 3_600_000),
      })
    }
    let next = 0
    const lane = async () => {
      for (let n = next++; n < messages; n = next++) await one(n)
    }
    await Promise.all(Array.from({ length: 4 }, lane))
    for (const [key, list] of files) {
      const [address = '', folder = ''] = key.split('\n')
      const maildir = join(dir, 'dovecot', 'mail', address, 'Maildir')
      seedMaildir(maildir, folder, list)
      const names = join(folder === 'INBOX' ? maildir : join(maildir, folder), 'dovecot-keywords')
      writeFileSync(names, KEYWORDS.map((k, i) => `${i} ${k}\n`).join(''))
      own(names)
    }
  } finally {
    await storage.close()
  }
  for (const sub of ['blobs', 'master.key']) {
    const path = join(data, sub)
    if (statSync(path).isDirectory()) ownAll(path)
    else own(path)
  }
}

/** One copy as the mail server's files show it. */
export interface Found {
  readonly mailbox: string
  readonly id: string
  /** Of the user's folders; `(held)` in one of ours. */
  readonly folder: string
  readonly sha256: string
  readonly flags: string
  readonly date: number
}

const ID = /^X-Recourse-Message-Id: *(\S+)/im

/** The truth: read from the files of the mail store, not from anybody who says so. Message and mailbox name a copy. `only`: of one mailbox. */
export function readTruth(root: string, only?: string): Map<string, Found[]> {
  const found = new Map<string, Found[]>()
  for (const mailbox of only === undefined ? readdirSync(root) : [only]) {
    for (const entry of readdirSync(join(root, mailbox), { recursive: true, withFileTypes: true })) {
      const part = entry.parentPath.split('/').at(-1)
      if (!entry.isFile() || (part !== 'cur' && part !== 'new')) continue
      const copy = readCopy(root, mailbox, entry.parentPath, entry.name)
      if (!copy) continue
      const key = `${mailbox}\n${copy.id}`
      found.set(key, [...(found.get(key) ?? []), copy])
    }
  }
  return found
}

const namesIn = new Map<string, Map<string, string>>()
/** Letters are names only within a folder. */
function keywordsOf(dir: string): Map<string, string> {
  const file = join(dir, 'dovecot-keywords')
  let lines = ''
  try {
    lines = readFileSync(file, 'utf8')
  } catch {
    return new Map()
  }
  const known = namesIn.get(lines)
  if (known) return known
  const map = new Map<string, string>()
  for (const line of lines.split('\n')) {
    const [n, name] = line.split(' ')
    if (n && name) map.set(String.fromCharCode(97 + Number(n)), name)
  }
  namesIn.set(lines, map)
  return map
}

function readCopy(root: string, mailbox: string, dir: string, name: string): Found | null {
  const path = join(dir, name)
  const bytes = readFileSync(path)
  const id = ID.exec(bytes.toString('latin1', 0, 2000))?.[1]
  if (id === undefined) return null
  const folder = dir
    .slice(join(root, mailbox).length + 1)
    .split('/')
    .slice(0, -1)
  const letters = /:2,([A-Za-z]*)$/.exec(name)?.[1] ?? ''
  const names = keywordsOf(join(dir, '..'))
  const flags = [...letters].map((l) => (l >= 'a' ? (names.get(l) ?? `unknown ${l}`) : l)).sort()
  return {
    mailbox,
    id,
    folder: folder[0] === 'Maildir' ? (folder[1]?.slice(1) ?? 'INBOX') : '(held)',
    sha256: createHash('sha256').update(bytes).digest('hex'),
    flags: flags.join(' '),
    date: Math.floor(statSync(path).mtimeMs / 1000),
  }
}
