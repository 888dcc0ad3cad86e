import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestApi, testApi } from '../../test/rig/api.ts'
import { growth, LINEAR } from '../../test/rig/growth.ts'
import { homesAt, saveCompany } from '../../test/rig/intake.ts'
import { type TestStorage, testStorage } from '../../test/rig/storage.ts'
import type { TenantId } from '../base/index.ts'
import { createParser, type Parser } from '../mail/index.ts'
import { BadFolderName, createMemoryProvider, type MemoryProvider } from '../mailboxes/index.ts'
import {
  createDirectory,
  createIntake,
  createJudge,
  createView,
  type ImportDeps,
  type ImportRequest,
  importMessage,
  register,
} from './index.ts'
import { receivedAtOf } from './sources/dates.ts'

let t: TestStorage
let provider: MemoryProvider
let parser: Parser
let deps: ImportDeps
let api: TestApi
let writer: string

beforeAll(async () => {
  t = await testStorage()
  await saveCompany(t.storage, t.a, 'a.example')
  await saveCompany(t.storage, t.b, 'b.example')
  provider = createMemoryProvider()
  parser = createParser({ workers: 1 })
  const intake = createIntake({
    storage: t.storage,
    parser,
    judge: createJudge(createView(t.storage)),
    nextHop: null,
    homeOf: homesAt(t.storage, provider),
    hostname: 'mx.recourse.example',
    handoverMs: 0,
    doubtMs: 0,
  })
  deps = { intake, directory: createDirectory(t.storage) }
  api = await testApi(t.storage, (routes) => register(routes, deps))
  writer = await api.token(t.a, ['import.write'])
})
afterAll(async () => {
  await api.close()
  await parser.close()
  await t.close()
})

const raw = (subject: string, to = 'ann@a.example') =>
  Buffer.from(`From: f@client.example\nTo: ${to}\nSubject: ${subject}\nDate: Thu, 1 Jan 2026 10:00:00 +0000\n\nbody\n`)
const bring = (tenant: TenantId, request: ImportRequest) => importMessage(deps, tenant, request)

/** All copies of a subject in a mailbox: folder, flags, date. */
async function copies(login: string, subject: string) {
  const session = await provider.open({ login })
  const found = []
  for (const folder of await session.folders()) {
    const position = await session.position(folder.path)
    const uids = Array.from({ length: (position?.uidNext ?? 1) - 1 }, (_, i) => i + 1)
    for await (const copy of session.read(folder.path, uids)) {
      if (copy.bytes.toString().includes(`Subject: ${subject}\r\n`)) {
        found.push({ folder: folder.path, flags: copy.flags, date: copy.internalDate.toISOString() })
      }
    }
  }
  await session.close()
  return found
}

test('with its date and flags into its own folder; without a Received line of ours', async () => {
  const at = new Date('2020-02-03T04:05:06Z')
  await bring(t.a, { raw: raw('kept'), receivedAt: at, flags: ['\\Seen', '\\Flagged'], folder: 'Work/2020' })
  expect(await copies('ann@a.example', 'kept')).toEqual([
    { folder: 'Work/2020', flags: expect.arrayContaining(['\\Seen', '\\Flagged']), date: at.toISOString() },
  ])
  const row = await t.storage.tenant(t.a, (tx) =>
    tx
      .selectFrom('message as m')
      .innerJoin('delivery as d', 'd.message_id', 'm.id')
      .select(['m.source', 'm.received_at', 'd.latest_location', 'd.latest_folder', 'd.action', 'd.sent_prefix'])
      .where('m.subject', '=', 'kept')
      .executeTakeFirst(),
  )
  expect(row).toMatchObject({
    source: 'import',
    received_at: at,
    latest_location: 'folder',
    latest_folder: 'Work/2020',
    action: 'delivered',
  })
  expect(row?.sent_prefix).not.toContain('Received:')
})

test('the same mail again is a duplicate; for one more recipient only that one gets it', async () => {
  const first = await bring(t.a, { raw: raw('again') })
  const second = await bring(t.a, { raw: raw('again') })
  expect([first.duplicate, second.duplicate]).toEqual([false, true])
  expect(second.messageId).toBe(first.messageId)
  await bring(t.a, { raw: raw('again'), recipients: ['ann@a.example', 'bo@a.example'] })
  expect(await copies('ann@a.example', 'again')).toHaveLength(1)
  expect(await copies('bo@a.example', 'again')).toHaveLength(1)
})

test('an answer that was lost: the copy is found, not put there twice', async () => {
  provider.failOnce('append', { lostReply: true }, 'bo@a.example')
  const request = { raw: raw('lost reply'), recipients: ['bo@a.example'] }
  await expect(bring(t.a, request)).rejects.toMatchObject({ code: 'import-later', status: 503 })
  expect(await bring(t.a, request)).toMatchObject({ duplicate: true })
  expect(await copies('bo@a.example', 'lost reply')).toHaveLength(1)
})

test('a mailbox server that is down: try again later, then it is there', async () => {
  provider.failOnce('open', { error: 'unavailable' }, 'bo@a.example')
  const request = { raw: raw('was down'), recipients: ['bo@a.example'] }
  await expect(bring(t.a, request)).rejects.toMatchObject({ code: 'import-later' })
  await bring(t.a, request)
  expect(await copies('bo@a.example', 'was down')).toHaveLength(1)
})

test('a folder that cannot be: nothing of the message is kept, and with another folder it comes in', async () => {
  for (const folder of ['a\nb', 'INBOX/a\u0085'])
    await expect(bring(t.a, { raw: raw('no such folder'), folder })).rejects.toMatchObject({
      ...{ code: 'import-folder', status: 422 },
      message: expect.stringContaining('control character'),
    })
  const rows = await t.storage.tenant(t.a, (tx) =>
    tx.selectFrom('message').select('id').where('subject', '=', 'no such folder').execute(),
  )
  expect(rows).toEqual([])
  expect(await bring(t.a, { raw: raw('no such folder'), folder: 'fine' })).toMatchObject({ duplicate: false })
})

test('a folder that only the mail server knows cannot be: refused for good, and with another folder it comes in', async () => {
  const before = () => {
    throw new BadFolderName('odd', 'the server says so')
  }
  provider.failOnce('createFolder', { before }, 'ann@a.example')
  const request = { raw: raw('server says no') }
  await expect(bring(t.a, { ...request, folder: 'odd' })).rejects.toMatchObject({
    ...{ code: 'import-refused', status: 422 },
    message: expect.stringContaining('"odd"'),
  })
  expect(await bring(t.a, { ...request, folder: 'fine' })).toMatchObject({ duplicate: true })
  expect(await copies('ann@a.example', 'server says no')).toMatchObject([{ folder: 'fine' }])
})

test('two tenants: the same bytes are two messages, and one cannot import into the other', async () => {
  const mine = await bring(t.a, { raw: raw('two', 'ann@a.example, ann@b.example') })
  const theirs = await bring(t.b, { raw: raw('two', 'ann@a.example, ann@b.example') })
  expect(mine.messageId).not.toBe(theirs.messageId)
  expect(await copies('ann@a.example', 'two')).toHaveLength(1)
  await expect(bring(t.a, { raw: raw('foreign'), recipients: ['ann@b.example'] })).rejects.toMatchObject({
    code: 'import-recipient',
  })
  expect(await copies('ann@b.example', 'foreign')).toHaveLength(0)
})

test('POST /import: needs its permission, a raw body and a recipient of ours', async () => {
  const reader = await api.token(t.a, ['mail.read'])
  const body = raw('by api')
  expect((await api.call(reader, 'POST', '/import', body)).status).toBe(403)
  expect((await api.call(null, 'POST', '/import', body)).status).toBe(401)
  const done = await api.call(writer, 'POST', '/import?recipient=ann@a.example&recipient=bo@a.example&flag=seen', body)
  expect(done).toMatchObject({ status: 200, body: { duplicate: false } })
  expect(await copies('bo@a.example', 'by api')).toMatchObject([
    { flags: ['\\Seen'], date: '2026-01-01T10:00:00.000Z' },
  ])
  expect((await api.call(writer, 'POST', '/import?recipient=x@else.example', body)).status).toBe(422)
  expect((await api.call(writer, 'POST', '/import?flag=purple', body)).status).toBe(422)
  for (const odd of ['nobody', 'x@y.example>\r\nRCPT TO:<bo@a.example']) {
    const refused = await api.call(writer, 'POST', `/import?mailFrom=${encodeURIComponent(odd)}`, body)
    expect(refused).toMatchObject({ status: 422, body: { error: { code: 'import-sender' } } })
  }
  expect((await api.call(writer, 'POST', '/import', { raw: 'json' })).status).toBe(415)
  expect((await api.call(writer, 'POST', '/import', Buffer.alloc(0))).status).toBe(400)
})

test('headers that make bad expressions slow cost no more than their length: the server reads them itself', async () => {
  const long = 256 * 1024
  const bad = (header: string) => Buffer.from(`From: f@client.example\n${header}\nSubject: slow\n\nbody\n`)
  await expect(bring(t.a, { raw: bad(`To: ${'a'.repeat(long - 100)}`) })).rejects.toMatchObject({
    code: 'import-recipient',
  })
  expect(receivedAtOf(bad(`Date: ${'('.repeat(long - 100)}`))).toBe(null)
  expect(receivedAtOf(bad(`Received: x; ${'('.repeat(long - 100)}`))).toBe(null)
  for (const field of ['Date: ', 'Received: x; '])
    expect(
      growth((n) => receivedAtOf(bad(field + '('.repeat(n))), 50_000),
      field,
    ).toBeLessThan(LINEAR)
})
