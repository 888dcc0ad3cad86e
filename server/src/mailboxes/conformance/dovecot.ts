import type { Dovecot } from '../../../test/rig/dovecot.ts'
import { RawImap } from '../../../test/rig/raw-imap.ts'
import type { ImapOptions } from '../imap/options.ts'
import { createImapProvider } from '../imap/provider.ts'
import { encodeMailbox } from '../imap/utf7.ts'
import { formatDate } from '../imap/wire.ts'
import type { MailboxProvider } from '../provider.ts'
import type { Owner } from './kit.ts'

export const quote = (path: string): string => `"${encodeMailbox(path).replace(/["\\]/g, '\\$&')}"`

/** The owner at his own IMAP client: a raw connection, so that nothing of ours is between. */
export async function dovecotOwner(dovecot: Dovecot, login: string): Promise<Owner & { client: RawImap }> {
  const client = await RawImap.open(dovecot.imapPort, login)
  const hasUidPlus = /UIDPLUS/.test(await client.ok('CAPABILITY'))
  const select = (folder: string) => client.ok(`SELECT ${quote(folder)}`)
  const expunge = async (folder: string, uid: number) => {
    // Without UIDPLUS a client's EXPUNGE would take everything that is marked; this is about one message.
    if (!hasUidPlus) {
      await dovecot.doveadm('expunge', '-u', login, 'mailbox', folder, 'uid', String(uid))
      return
    }
    await select(folder)
    await client.ok(`UID STORE ${uid} +FLAGS.SILENT (\\Deleted)`)
    await client.ok(`UID EXPUNGE ${uid}`)
  }
  const copy = async (folder: string, uid: number, target: string) => {
    await select(folder)
    await client.ok(`UID COPY ${uid} ${quote(target)}`)
  }
  return {
    client,
    append: async (folder, bytes, flags, date) => {
      await client.ok(`APPEND ${quote(folder)} (${flags.join(' ')}) "${formatDate(date)}" {}`, bytes)
    },
    list: async (folder) => {
      await select(folder)
      const text = await client.ok('UID FETCH 1:* (UID FLAGS)')
      return [...text.matchAll(/\(UID (\d+) FLAGS \(([^)]*)\)/g)].map(([, uid, flags]) => ({
        uid: Number(uid),
        flags: (flags ?? '').split(' ').filter((flag) => flag !== '' && flag !== '\\Recent'),
      }))
    },
    move: async (folder, uid, target) => {
      await copy(folder, uid, target)
      await expunge(folder, uid)
    },
    copy,
    flag: async (folder, uid, flags) => {
      await select(folder)
      await client.ok(`UID STORE ${uid} FLAGS.SILENT (${flags.join(' ')})`)
    },
    expunge,
    createFolder: async (path) => {
      await client.ok(`CREATE ${quote(path)}`)
    },
    renameFolder: async (path, to) => {
      await client.ok(`RENAME ${quote(path)} ${quote(to)}`)
    },
    deleteFolder: async (path) => {
      await client.command('UNSELECT')
      await select('INBOX')
      await client.ok(`DELETE ${quote(path)}`)
    },
    reaches: async (path) => {
      const answers = [`SELECT ${quote(path)}`, `STATUS ${quote(path)} (MESSAGES)`, `DELETE ${quote(path)}`]
      const listed = await client.ok('LIST "" "*"')
      if (listed.includes(path)) return true
      for (const line of answers) if ((await client.command(line)).status === 'OK') return true
      return (await client.command(`APPEND ${quote(path)} {}`, 'Subject: mine\r\n\r\n')).status === 'OK'
    },
  }
}

export function dovecotProvider(dovecot: Dovecot, more: Partial<ImapOptions> = {}): MailboxProvider {
  return createImapProvider({
    kind: 'imap',
    host: dovecot.host,
    port: dovecot.imapPort,
    secure: false,
    auth: { type: 'master', ...dovecot.master },
    timeouts: { connectSeconds: 10, commandSeconds: 45, settleQuietSeconds: 0.4 },
    ...more,
  })
}
