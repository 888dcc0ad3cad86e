import { afterEach, expect, test } from 'vitest'
import { type Dovecot, type DovecotOptions, startDovecot } from '../../../test/rig/dovecot.ts'
import { dovecotOwner, dovecotProvider } from '../conformance/dovecot.ts'
import { mail, must, OLD } from '../conformance/index.ts'

let dovecot: Dovecot
const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

async function listening(options: DovecotOptions) {
  dovecot = await startDovecot(options)
  closing.push(() => dovecot.stop())
  const provider = dovecotProvider(dovecot)
  closing.push(() => provider.close())
  const owner = await dovecotOwner(dovecot, 'ann@one.example')
  closing.push(() => owner.client.close())
  const heard = { news: 0, ended: 0 }
  const on = { news: () => void heard.news++, ended: () => void heard.ended++ }
  const listen = must(await provider.listen?.({ login: 'ann@one.example' }, on))
  closing.push(() => listen.close())
  /** Waits until something is told of `work`. */
  const told = async (work: () => Promise<unknown>): Promise<void> => {
    const before = heard.news
    await work()
    await expect.poll(() => heard.news).toBeGreaterThan(before)
  }
  return { listen, owner, heard, told }
}

test('NOTIFY: arrivals, flags and new folders of the whole mailbox are told at once', async () => {
  const { listen, owner, told } = await listening({})
  expect(listen.scope).toBe('all')
  await told(() => owner.append('INBOX', mail('one'), [], OLD))
  await owner.createFolder('Mine')
  await told(() => owner.append('Mine', mail('two'), [], OLD))
  await told(() => owner.flag('Mine', 1, ['$Junk']))
  await told(() => owner.expunge('INBOX', 1))
})

test('IDLE where there is no NOTIFY: the Inbox tells', async () => {
  const { listen, owner, told } = await listening({ capability: 'IMAP4rev1 LITERAL+ UIDPLUS NAMESPACE IDLE' })
  expect(listen.scope).toBe('inbox')
  await told(() => owner.append('INBOX', mail('one'), [], OLD))
  await told(() => owner.flag('INBOX', 1, ['\\Seen']))
})

test('neither: null, and the mailbox is polled', async () => {
  dovecot = await startDovecot({ capability: 'IMAP4rev1 LITERAL+ UIDPLUS NAMESPACE' })
  closing.push(() => dovecot.stop())
  const provider = dovecotProvider(dovecot)
  closing.push(() => provider.close())
  expect(await provider.listen?.({ login: 'ann@one.example' }, { news: () => {}, ended: () => {} })).toBeNull()
})

test('a server that goes away: the end is told, once', async () => {
  const { heard } = await listening({})
  await dovecot.stop()
  await expect.poll(() => heard.ended).toBe(1)
})
