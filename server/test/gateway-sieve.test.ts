import { chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addEntry } from '../src/lists/index.ts'
import { createImapProvider, type MailboxProvider } from '../src/mailboxes/index.ts'
import { createNextHop } from '../src/transport/index.ts'
import { unprivileged } from './rig/account.ts'
import { type Dovecot, startDovecot } from './rig/dovecot.ts'
import { type IntakeRig, saveCompany, savePolicy, startIntake } from './rig/intake.ts'
import { sendAsMta } from './rig/mta.ts'
import { type TestStorage, testStorage } from './rig/storage.ts'

/** The rule as docs/gateway.md gives it to operators. */
function sieveOfTheDocs(): string {
  const text = readFileSync(join(import.meta.dirname, '../../docs/gateway.md'), 'utf8')
  return /```\n(?:#[^\n]*\n)?(require \["fileinto"[\s\S]*?)```/.exec(text)?.[1] ?? ''
}

let t: TestStorage
let dovecot: Dovecot
let provider: MailboxProvider
let rig: IntakeRig
beforeAll(async () => {
  t = await testStorage()
  await saveCompany(t.storage, t.a, 'a.example')
  dovecot = await startDovecot({ fsync: false })
  const account = unprivileged()
  const home = join(dovecot.dir, 'mail/ann@a.example')
  mkdirSync(home, { recursive: true })
  writeFileSync(join(home, '.dovecot.sieve'), sieveOfTheDocs())
  if (account) for (const path of [home, join(home, '.dovecot.sieve')]) chownSync(path, account.uid, account.gid)
  const auth = { type: 'master', user: 'recourse', separator: '*', password: 'master' } as const
  provider = createImapProvider({ kind: 'imap', host: '127.0.0.1', port: dovecot.imapPort, secure: false, auth })
  const nextHop = createNextHop({ kind: 'lmtp', host: '127.0.0.1', port: dovecot.lmtpPort })
  rig = await startIntake({ storage: t.storage, provider, nextHop })
})
afterAll(async () => {
  await rig.close()
  await provider.close()
  await dovecot.stop()
  await t.close()
})

/** Folders in which copies of this message lie, as Dovecot shows them. */
async function foldersOf(subject: string): Promise<string[]> {
  const out = await dovecot.doveadm('fetch', '-u', 'ann@a.example', 'mailbox', 'HEADER', 'Subject', subject)
  return [...out.matchAll(/mailbox: (.+)/g)].map((m) => m[1] ?? '')
}
const send = (raw: string) =>
  sendAsMta(rig.lmtp, {
    mailFrom: 'f@client.example',
    recipients: ['ann@a.example'],
    raw: Buffer.from(raw),
    ident: `S${raw.length}`,
  })

test('junk goes to the Junk folder by the Sieve rule of the docs, the rest to the Inbox', async () => {
  expect(sieveOfTheDocs()).toContain('fileinto')
  await send('Subject: wanted\r\nFrom: f@client.example\r\nX-Recourse-Placement: junk\r\n\r\nhello\r\n')
  expect(await foldersOf('wanted')).toEqual(['INBOX'])
  // Mail that cannot be read is junk by this policy: the simplest way to a verdict of "junk".
  await savePolicy(t.storage, t.a, { unparsable: 'junk' })
  const deep = Array.from({ length: 400 }, (_, i) => `Content-Type: multipart/mixed; boundary=b${i}\r\n\r\n--b${i}\r\n`)
  expect(await send(`Subject: odd\r\nFrom: g@client.example\r\n${deep.join('')}\r\nend\r\n`)).toEqual([
    expect.stringMatching(/^250/),
  ])
  expect(await foldersOf('odd')).toEqual(['Junk'])
})

test('a blocked message reaches no folder at all', async () => {
  const entry = { action: 'block', kind: 'sender', value: 'bad@client.example' } as const
  await t.storage.tenant(t.a, (tx) => addEntry(tx, t.storage.outbox, { user: 'u', name: 'Ann' }, entry))
  expect(await send('Subject: held\r\nFrom: bad@client.example\r\n\r\nhello\r\n')).toEqual([
    expect.stringMatching(/^250/),
  ])
  expect(await foldersOf('held')).toEqual([])
})
