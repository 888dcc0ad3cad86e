import { readFile } from 'node:fs/promises'
import { AppError, messageOf, mustBeFile } from '../../base/index.ts'
import type { MailboxProvider } from '../provider.ts'
import { proveWayBack } from '../way-back.ts'
import { Connection } from './connection.ts'
import { credentialsOf } from './credentials.ts'
import { listen, QUIET_MS } from './listen.ts'
import { type ImapOptions, settingsOf } from './options.ts'
import { Pool } from './pool.ts'
import { Server } from './server.ts'
import { ImapSession } from './session.ts'

/** Mailboxes behind an IMAP server, logged in to as their owners. */
export function createImapProvider(options: ImapOptions): MailboxProvider {
  const settings = settingsOf(options)
  const server = new Server(settings)
  const credentials = credentialsOf(options.auth)
  let ca: Promise<string | null> | undefined
  const open = async (login: string, quietMs?: number) => {
    ca ??= authority(settings.ca)
    return Connection.open(settings, await ca, login, await credentials(login), quietMs)
  }
  const pool = new Pool((login) => open(login), settings)
  const provider: MailboxProvider = {
    kind: 'imap',
    open: async ({ login }, { signal } = {}) =>
      new ImapSession(pool, server, await pool.acquire(login, signal), signal),
    proveWayBack: (account) => proveWayBack(() => provider.open(account)),
    listen: async ({ login }, on) => listen(await open(login, QUIET_MS), on),
    close: () => pool.close(),
  }
  return provider
}

async function authority(file: string | null): Promise<string | null> {
  if (file === null) return null
  try {
    mustBeFile(file)
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new AppError(
      'mailboxes.ca-unreadable',
      `The file of mailboxes.tls.ca, ${file}, cannot be read (${messageOf(error)}).`,
      'Give the path of a PEM file that this account may read, or leave mailboxes.tls.ca out.',
    )
  }
}
