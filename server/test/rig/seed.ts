import { chmodSync, chownSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { unprivileged } from './account.ts'

export interface SeedMessage {
  readonly bytes: Buffer
  /** Letters of a Maildir name, in order: D draft, F flagged, R answered, S seen, T deleted. */
  readonly letters?: string
  readonly date?: Date
}

let counter = 0

/**
 * Puts messages into a Maildir folder as files, hundreds of times faster than by IMAP. `maildir` is the user's Maildir
 * (`dovecot.mailDir(login)`), `folder` `INBOX` or a Maildir++ name such as `.Work`. Before Dovecot has opened the folder,
 * or while it runs: it takes them up at its next look.
 */
export function seedMaildir(maildir: string, folder: string, messages: Iterable<SeedMessage>): number {
  const account = unprivileged()
  const home = join(maildir, '..')
  const dir = folder === 'INBOX' ? maildir : join(maildir, folder)
  const own = (path: string) => account && chownSync(path, account.uid, account.gid)
  const dirs = [home, maildir, dir, ...['cur', 'new', 'tmp'].map((sub) => join(dir, sub))]
  for (const path of dirs) {
    // Dovecot's own modes: it links a message into another folder only where the modes agree, else it writes it anew.
    mkdirSync(path, { recursive: true, mode: 0o700 })
    chmodSync(path, 0o700)
    own(path)
  }
  if (dir !== maildir) {
    writeFileSync(join(dir, 'maildirfolder'), '')
    own(join(dir, 'maildirfolder'))
  }
  let seeded = 0
  for (const { bytes, letters = '', date = new Date() } of messages) {
    const stamp = Math.floor(date.getTime() / 1000)
    // Dovecot gives UIDs by name order at its first look, so the name counts up.
    const name = `1500000000.M${String(++counter).padStart(8, '0')}P${process.pid}.seed,S=${bytes.length}:2,${letters}`
    const path = join(dir, 'cur', name)
    writeFileSync(path, bytes, { mode: 0o600 })
    utimesSync(path, stamp, stamp)
    own(path)
    seeded++
  }
  return seeded
}
