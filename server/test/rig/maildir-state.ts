import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'

/** One message file of a Maildir tree, by what must come back after an undo: place, bytes, flags, date. */
export interface MaildirCopy {
  readonly mailbox: string
  readonly folder: string
  readonly sha256: string
  /** Letters of the file name; `new` and `cur` are not told apart, that is \Recent. */
  readonly flags: string
  /** Internal date, in seconds. */
  readonly date: number
  readonly text: string
}

/** Every message file below `root`, sorted: two readings are equal when the mailboxes are. */
export function maildirCopies(root: string): MaildirCopy[] {
  const found: MaildirCopy[] = []
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const part = basename(entry.parentPath)
    if (!entry.isFile() || (part !== 'cur' && part !== 'new')) continue
    const path = join(entry.parentPath, entry.name)
    const [mailbox = '', ...folder] = relative(root, dirname(entry.parentPath)).split('/')
    const bytes = readFileSync(path)
    found.push({
      mailbox,
      folder: folder.join('/') || 'INBOX',
      sha256: createHash('sha256').update(bytes).digest('hex'),
      flags: /:2,([A-Za-z]*)$/.exec(entry.name)?.[1] ?? '',
      date: Math.floor(statSync(path).mtimeMs / 1000),
      text: bytes.toString('latin1'),
    })
  }
  const key = (c: MaildirCopy): string => `${c.mailbox}\n${c.folder}\n${c.sha256}\n${c.flags}\n${c.date}`
  return found.sort((a, b) => (key(a) < key(b) ? -1 : 1))
}
