import { hostname } from 'node:os'
import { decodeMailbox, encodeMailbox } from '../imap/utf7.ts'
import { BadFolderName, ProviderError, type SystemFlag } from '../provider.ts'

/**
 * A file's name says everything about a copy but its bytes and date, so that one rename changes everything at once:
 *
 *     1795534247.M0000012P481.mail,U=1795534247123.7:2,RSab[26]
 *     └ unique: the message    │ └ UIDVALIDITY.UID  └ flags, keyword letters of this folder, further keywords
 *
 * A name whose UIDVALIDITY is not the folder's was put there by somebody else and gets a UID at the next look.
 */
export interface ParsedName {
  readonly unique: string
  readonly uidValidity: string | null
  readonly uid: number | null
  readonly flags: readonly SystemFlag[]
  /** Indexes into the folder's table of keywords. */
  readonly keywords: readonly number[]
}

const FLAG_OF: Readonly<Record<string, SystemFlag>> = {
  D: '\\Draft',
  F: '\\Flagged',
  R: '\\Answered',
  S: '\\Seen',
  T: '\\Deleted',
}
const LETTER_OF = new Map(Object.entries(FLAG_OF).map(([letter, flag]) => [flag, letter]))
const LETTERS = 26
const A = 'a'.charCodeAt(0)
const PLACE = /,U=(\d+)\.(\d+)/

export function parseName(name: string): ParsedName {
  const info = name.indexOf(':2,')
  const base = info < 0 ? name : name.slice(0, info)
  const suffix = info < 0 ? '' : name.slice(info + 3)
  const place = PLACE.exec(base)
  const flags = new Set<SystemFlag>()
  const keywords = new Set<number>()
  for (const [token] of suffix.matchAll(/\[\d+\]|./g)) {
    const flag = FLAG_OF[token]
    if (flag) flags.add(flag)
    else if (/^[a-z]$/.test(token)) keywords.add(token.charCodeAt(0) - A)
    else if (token.startsWith('[') && token.endsWith(']')) keywords.add(Number(token.slice(1, -1)))
  }
  return {
    unique: base.replace(PLACE, ''),
    uidValidity: place?.[1] ?? null,
    uid: place ? Number(place[2]) : null,
    flags: [...flags].sort(),
    keywords: [...keywords],
  }
}

export function formatName(
  unique: string,
  uidValidity: string,
  uid: number,
  flags: readonly SystemFlag[],
  keywords: readonly number[],
): string {
  const letters = flags.map((flag) => LETTER_OF.get(flag) ?? '').sort()
  const sorted = [...keywords].sort((a, b) => a - b)
  const words = sorted.map((at) => (at < LETTERS ? String.fromCharCode(A + at) : `[${at}]`))
  const name = `${unique},U=${uidValidity}.${uid}:2,${letters.join('')}${words.join('')}`
  if (Buffer.byteLength(name) <= 255) return name
  throw new ProviderError('refused', `the message ${unique} carries more keywords than a file name can hold`)
}

/** Of a name that somebody else chose; the rest of 255 is for the place, the flags and the keywords to come. */
const MAX_UNIQUE = 128

/** The name of a message that somebody else has put there. One that would not last gets a new one, and the message lives on. */
export function adoptedName(found: ParsedName, utf8: boolean, uidValidity: string, uid: number): string {
  const { unique: given, flags, keywords } = found
  const lasts = utf8 && Buffer.byteLength(given) <= MAX_UNIQUE && !given.startsWith('.') && !PLACE.test(given)
  const unique = lasts ? given : newUnique()
  try {
    return formatName(unique, uidValidity, uid, flags, keywords)
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error
    // So many letters, of a table that is not ours, tell nothing.
    return formatName(unique, uidValidity, uid, flags, [])
  }
}

let counter = 0

/** Unique for ever (Maildir's own rule): time, process, counter, host. */
export function newUnique(): string {
  const now = Date.now()
  const host = hostname()
    .replace(/[^A-Za-z0-9-]/g, '_')
    .slice(0, 40)
  return `${Math.floor(now / 1000)}.M${now % 1000}P${process.pid}Q${++counter}.${host}`
}

/** Of a folder's directory; the file system takes 255, and our own files beside it have longer names. */
const MAX_FOLDER = 200

/** `Work/2026` → `.Work.2026` (Maildir++); INBOX is the mailbox's own directory. Throws `BadFolderName`. */
export function folderDir(path: string): string {
  if (path === 'INBOX') return ''
  const parts = path.split('/')
  if (parts.some((part) => part === '')) throw new BadFolderName(path, 'a part of its path is empty')
  const dir = parts.map((part) => `.${encodePart(part)}`).join('')
  const bytes = Buffer.byteLength(dir)
  if (bytes > MAX_FOLDER)
    throw new BadFolderName(path, `its directory would have a name of ${bytes} bytes, and can have ${MAX_FOLDER}`)
  return dir
}

export function folderPath(dir: string): string {
  return dir === '' ? 'INBOX' : dir.slice(1).split('.').map(decodePart).join('/')
}

/** Whether the folder that a directory is named after lies in it: not in `.INBOX`, nor where the name was made by another rule. */
export function isFolderDir(dir: string): boolean {
  try {
    return folderDir(folderPath(dir)) === dir
  } catch (error) {
    if (error instanceof BadFolderName) return false
    throw error
  }
}

// The dot separates, so it is written %2E; the per cent sign must then be written too. NUL cannot be in a name.
const encodePart = (part: string) => encodeMailbox(part.replace(/[%.\0]/g, (c) => `%${hex(c)}`))
const decodePart = (part: string) =>
  decodeMailbox(part).replace(/%(25|2E|00)/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
const hex = (c: string) => c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')

/** Directory of a mailbox under the root; nothing in a login can lead out of it. */
export function accountDir(login: string): string {
  const safe = login.replace(/[^A-Za-z0-9@_+=.-]|^\./g, (c) =>
    [...Buffer.from(c)].map((b) => `%${b.toString(16)}`).join(''),
  )
  if (safe === '' || safe.length > 200)
    throw new ProviderError('gone', `${JSON.stringify(login)} cannot be a mailbox here`)
  return safe
}
