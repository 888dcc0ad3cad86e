import { mkdir, readdir, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { AppError, isAlive, messageOf, startOf, takeLockFile } from '../../base/index.ts'

const Owner = Type.Object({ server: Type.String(), host: Type.String(), pid: Type.Integer(), started: Type.String() })

const held = new Map<string, { users: number; readonly release: () => Promise<void> }>()

/**
 * Says on disk who serves this tree of Maildirs. Two servers would give the same UIDs to different mail. A lock whose
 * process is gone is taken over; gives back what releases it.
 */
export async function lockRoot(root: string): Promise<() => Promise<void>> {
  const dir = join(root, '.recourse')
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new AppError(
      'mailboxes.maildir-root',
      `The directory of the mailboxes, ${root}, cannot be used (${messageOf(error)}).`,
      'Make it, owned by the account that runs Recourse, or set mailboxes.root to another one.',
    )
  }
  const path = join(dir, 'served-by')
  const lock = held.get(path) ?? { users: 0, release: await take(path, root) }
  lock.users++
  held.set(path, lock)
  return async () => {
    lock.users--
    if (lock.users > 0) return
    held.delete(path)
    await lock.release()
  }
}

async function take(path: string, root: string): Promise<() => Promise<void>> {
  const owner = { server: 'recourse', host: hostname(), pid: process.pid, started: startOf(process.pid) ?? '' }
  const release = await takeLockFile(path, `${JSON.stringify(owner)}\n`, (text) => isLeft(text, path, root))
  if (release) return release
  throw inUse(root, 'another process keeps taking it')
}

/** Throws where somebody serves it. */
function isLeft(text: string, path: string, root: string): true {
  let owner: { server: string; host: string; pid: number; started: string }
  try {
    owner = Value.Parse(Owner, JSON.parse(text))
  } catch {
    throw inUse(root, `the lock file ${path} is not ours`)
  }
  const here = owner.host === hostname()
  if (!here) throw inUse(root, `${owner.server} on the machine ${owner.host} serves it (${path})`)
  if (isAlive(owner.pid, owner.started)) throw inUse(root, `${owner.server}, process ${owner.pid}, serves it`)
  return true
}

const inUse = (root: string, why: string) =>
  new AppError(
    'mailboxes.maildir-in-use',
    `The mailboxes under ${root} are served by something else: ${why}.`,
    'Stop that process, or give this one another mailboxes.root. If it is gone for good, remove the lock file.',
    { status: 409 },
  )

const FOREIGN = /^(dovecot[.-]|\.dovecot|courierimap|cyrus\.|maildirsize$)/

/**
 * Refuses a directory that a mail server has marked as its own. Its indexes would call our renames lost mail, and the
 * keyword letters in its names mean something else (mailbox-semantics C). Gives the names that are there.
 */
export async function refuseForeign(dir: string): Promise<readonly string[]> {
  const names = await readdir(dir).catch(() => [])
  const found = names.filter((name) => FOREIGN.test(name))
  const [first] = found
  if (first === undefined) return names
  const last = Math.max(...(await Promise.all(found.map(async (name) => (await stat(join(dir, name))).mtimeMs))))
  throw new AppError(
    'mailboxes.maildir-foreign',
    `${dir} belongs to a mail server: it has ${found.slice(0, 3).join(', ')} there, last written ${new Date(last).toISOString()}.`,
    'Let Recourse use that server: mailboxes.kind = imap. If it no longer serves this directory, move the mail into a new one with `recourse import`.',
    { status: 409 },
  )
}
