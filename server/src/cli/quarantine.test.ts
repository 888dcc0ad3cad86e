import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BlobReader, TextWriter, ZipReader } from '@zip.js/zip.js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { maildirCopies } from '../../test/rig/maildir-state.ts'
import { type RunningServer, runServer } from '../../test/rig/running.ts'

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url))
const work = mkdtempSync(join(tmpdir(), 'recourse-cli-held-'))
const ids: string[] = []
let server: RunningServer

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}
function recourse(...args: string[]): Promise<Ran> {
  return new Promise((done) => {
    const env = { ...process.env, RECOURSE_DATA_DIR: server.dir }
    const child = spawn(process.execPath, [MAIN, 'quarantine', ...args], { cwd: work, env })
    let out = ''
    let err = ''
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
    child.on('close', (code) => done({ code: code ?? -1, out, err }))
  })
}
// biome-ignore lint/suspicious/noExplicitAny: answers of a program, looked into by the tests
async function answer(...args: string[]): Promise<any> {
  const ran = await recourse(...args, '--json')
  expect(ran, args.join(' ')).toMatchObject({ code: 0, err: '' })
  return JSON.parse(ran.out)
}
const countOf = async (id: string, state: 'deleted' | 'released'): Promise<number> =>
  ((await server.call('GET', `/quarantine/${id}`)) as { counts: Record<typeof state, number> }).counts[state]
const inboxes = () => maildirCopies(server.mail).filter((c) => c.folder === 'INBOX')

beforeAll(async () => {
  server = await runServer()
  const mailboxes = ['ann', 'bo'].map((name) => ({ address: `${name}@kontor.example` }))
  await server.call('PUT', '/organisation', { domains: ['kontor.example'], mailboxes })
  await server.call('POST', '/entries', { action: 'block', kind: 'sender', value: 'crook@bad.example' })
  for (let i = 0; i < 6; i++) {
    const raw = `From: crook@bad.example\r\nTo: ann@kontor.example\r\nSubject: Prize ${i}\r\nMessage-ID: <${i}@bad.example>\r\n\r\nNumber ${i}\r\n`
    const query = new URLSearchParams([
      ['recipient', 'ann@kontor.example'],
      ['recipient', 'bo@kontor.example'],
      ['mailFrom', 'crook@bad.example'],
    ])
    ids.push(((await server.call('POST', `/import?${query}`, Buffer.from(raw))) as { messageId: string }).messageId)
  }
})
afterAll(async () => {
  await server?.stop()
  rmSync(work, { recursive: true, force: true })
})

test('list and show, with filters', async () => {
  const all = await answer()
  expect(all.items).toHaveLength(6)
  expect(all.items[0]).toMatchObject({
    reason: 'high-confidence-phish',
    policyName: 'Tenant Allow/Block List',
    counts: { held: 2 },
  })
  expect((await answer('list', '--message-id', '3@bad.example')).items).toMatchObject([{ subject: 'Prize 3' }])
  const page = await answer('list', '--sort', 'subject', '--limit', '4')
  const rest = await answer('list', '--sort', 'subject', '--limit', '4', '--cursor', page.next)
  expect([...page.items, ...rest.items].map((m) => m.subject)).toEqual([0, 1, 2, 3, 4, 5].map((i) => `Prize ${i}`))
  expect((await recourse('list')).out).toMatch(/crook@bad\.example +high-confidence-phish +held/)
  const shown = await recourse('show', ids[0] ?? '')
  expect(shown.out).toMatch(/ann@kontor\.example +needs-review/)
  expect((await recourse('list', '--from', 'soon')).code).toBe(2)
})

test('release to one, a second time refused, the rest by filter; seen in the mailboxes', async () => {
  const [id = ''] = ids
  expect(await answer('release', id, '--to-recipient', 'ann@kontor.example', '--preview')).toMatchObject({
    copies: 1,
    mailboxes: 1,
  })
  expect(await answer('release', id, '--to-recipient', 'ann@kontor.example', '--note', 'by phone')).toMatchObject({
    done: 1,
    copies: 1,
  })
  // The mailbox shows it before it is written down.
  await expect.poll(() => countOf(id, 'released')).toBe(1)
  expect(inboxes()).toHaveLength(1)
  const again = await recourse('release', id, '--to-recipient', 'ann@kontor.example')
  expect(again).toMatchObject({ code: 1, out: '' })
  expect(again.err).toMatch(/It was released to ann@kontor\.example already by Command line on the server on /)
  expect((await recourse('release', id, '--to-recipient', 'cy@kontor.example')).err).toMatch(
    /not a recipient of this message/,
  )
  expect(await answer('release', '--subject', 'Prize 0', '--submit')).toMatchObject({
    done: 1,
    copies: 1,
    submissions: [{}],
  })
  await expect.poll(() => inboxes().length).toBe(2)
  for (const wrong of [
    ['release', id, '--reason', 'spam'],
    ['extend', id, '--days', 'x'],
  ])
    expect((await recourse(...wrong)).code, wrong.join(' ')).toBe(2)
})

test('deny, extend, delete, block', async () => {
  const [, one = '', two = '', three = ''] = ids
  expect(await answer('deny', one)).toMatchObject({ done: 1, copies: 2 })
  expect(await answer('extend', one, '--days', '60')).toMatchObject({ done: 1, copies: 2 })
  const { expiresAt, counts } = await answer('show', one)
  expect(counts).toMatchObject({ denied: 2 })
  expect(Math.round((Date.parse(expiresAt) - Date.now()) / 86_400_000)).toBe(60)
  expect(await answer('delete', two, '--permanently')).toMatchObject({ done: 1, copies: 2 })
  await expect.poll(() => countOf(two, 'deleted')).toBe(2)
  const mixed = await recourse('delete', two, three)
  expect(mixed.code).toBe(1)
  expect(mixed.out).toMatch(/1 messages, 2 copies; not 1\n +\S+ Prize 2: The copy of ann@kontor\.example was deleted/)
  // Asked for a preview, what has none does nothing.
  expect((await recourse('block-sender', one, '--domain', '--preview')).err).toMatch(/has no preview/)
  expect((await recourse('block-sender', one)).err).toMatch(/There is already an entry to block crook@bad\.example/)
  expect(await answer('block-sender', one, '--domain', '--days', 'never')).toMatchObject({
    entries: [{ kind: 'sender-domain', value: 'bad.example', expiresAt: null }],
  })
})

test('download: a file of one’s own, with a password', async () => {
  const [, one = ''] = ids
  const file = join(work, 'held.zip')
  expect((await recourse('download', one)).code).toBe(2)
  expect(await answer('download', one, '--reason', 'ticket', '--password', 'x y', '--out', file)).toMatchObject({
    messages: 1,
  })
  expect(statSync(file).mode & 0o777).toBe(0o600)
  const zip = new ZipReader(new BlobReader(new Blob([new Uint8Array(readFileSync(file))])), { password: 'x y' })
  const [entry] = await zip.getEntries()
  if (!entry || entry.directory) expect.fail('empty')
  expect(await entry.getData(new TextWriter())).toContain('Subject: Prize 1')
  expect((await recourse('download', one, '--reason', 'again', '--out', file)).code).toBe(2)
  const none = join(work, 'none.zip')
  expect(
    (await recourse('download', '01900000-0000-7000-8000-000000000000', '--reason', 'x', '--out', none)).err,
  ).toMatch(/never was/)
  expect(existsSync(none)).toBe(false)
})
