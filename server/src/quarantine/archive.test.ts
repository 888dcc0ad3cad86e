import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { BlobReader, TextWriter, ZipReader } from '@zip.js/zip.js'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestApi, testApi } from '../../test/rig/api.ts'
import { keep, letter, organise } from '../../test/rig/office.ts'
import { program } from '../../test/rig/programs.ts'
import { type TestStorage, testStorage } from '../../test/rig/storage.ts'
import type { TenantId } from '../base/index.ts'
import { archive } from './archive.ts'
import { register } from './index.ts'

let t: TestStorage
let api: TestApi
let token: string
beforeAll(async () => {
  t = await testStorage()
  api = await testApi(t.storage, (app) => register(app, { storage: t.storage }))
  token = await api.token(t.a, ['mail.content'], 'Cora Content')
})
afterAll(async () => {
  await api?.close()
  await t?.close()
})

async function held(tenant: TenantId, subject: string, more = '') {
  const domain = tenant === t.a ? 'kontor.example' : 'werft.example'
  const [mailbox] = [...(await organise(t.storage, tenant, [`ann@${domain}`])).values()]
  const mail = letter(subject, `Text of ${subject}.\r\n`, more)
  if (mailbox) await keep(t.storage, tenant, { letter: mail, at: 'quarantine', to: [{ mailbox, ref: null }] })
  return mail
}
const wish = (ids: readonly string[], more: object = {}) => ({
  messageIds: ids,
  password: 'correct horse',
  reason: 'ticket 4711',
  ...more,
})

const entries = (bytes: Buffer, password: string) =>
  new ZipReader(new BlobReader(new Blob([new Uint8Array(bytes)])), { password }).getEntries()
async function textOf(bytes: Buffer, password: string, name: string): Promise<string> {
  const entry = (await entries(bytes, password)).find((e) => e.filename === name)
  if (!entry || entry.directory) throw new Error(`no ${name}`)
  return await entry.getData(new TextWriter())
}

describe('download', () => {
  test('the raw messages, readable with the password only (quarantine #81, #82)', async () => {
    const [one, two] = [await held(t.a, 'One'), await held(t.a, 'Two')]
    const answer = await api.raw(token, 'POST', '/quarantine/download', wish([one.id, two.id]))
    expect(answer).toMatchObject({ status: 200, type: 'application/zip' })
    const names = (await entries(answer.body, '')).map((e) => [e.filename, e.encrypted])
    expect(names.sort()).toEqual(
      [
        [`${one.id}.eml`, true],
        [`${two.id}.eml`, true],
      ].sort(),
    )
    expect(await textOf(answer.body, 'correct horse', `${one.id}.eml`)).toBe(one.raw.toString())
    expect(await textOf(answer.body, 'correct horse', `${two.id}.eml`)).toBe(two.raw.toString())
    for (const wrong of ['', 'Correct horse', 'infected'])
      await expect(textOf(answer.body, wrong, `${one.id}.eml`)).rejects.toThrow()
    expect(answer.body.includes(Buffer.from('Text of'))).toBe(false)
    const audited = await t.storage.tenant(t.a, (tx) =>
      sql<{ subject_id: string; actor_name: string; detail: { reason: string } }>`select subject_id, actor_name, detail
        from audit_entry where tenant_id = ${t.a} and action = 'quarantine.download'`.execute(tx),
    )
    expect(audited.rows.map((r) => [r.subject_id, r.actor_name, r.detail.reason]).sort()).toEqual(
      [
        [one.id, 'Cora Content', 'ticket 4711'],
        [two.id, 'Cora Content', 'ticket 4711'],
      ].sort(),
    )
  })

  test('with the old cipher any unzip opens it', async () => {
    const mail = await held(t.a, 'Old')
    const { body } = await api.raw(token, 'POST', '/quarantine/download', wish([mail.id], { cipher: 'zipcrypto' }))
    const dir = mkdtempSync(join(tmpdir(), 'recourse-zip-'))
    try {
      writeFileSync(join(dir, 'a.zip'), body)
      const open = (password: string) =>
        spawnSync(program('/usr/bin/unzip'), ['-o', '-P', password, 'a.zip'], { cwd: dir })
      expect(open('wrong').status).not.toBe(0)
      expect(open('correct horse').status).toBe(0)
      expect(readFileSync(join(dir, `${mail.id}.eml`)).equals(mail.raw)).toBe(true)
    } finally {
      rmSync(dir, { recursive: true, force: true })
    }
  })

  test('reason and password are needed; what is not held, of others or gone is refused before the first byte', async () => {
    const mail = await held(t.a, 'Mine')
    const theirs = await held(t.b, 'Mine')
    const post = (body: object) => api.call(token, 'POST', '/quarantine/download', body)
    for (const more of [{ reason: '' }, { password: '' }, { password: 'ü' }, { cipher: 'rot13' }, { messageIds: [] }])
      expect([400, 422]).toContain((await post(wish([mail.id], more))).status)
    const { reason: _, ...without } = wish([mail.id])
    expect([400, 422]).toContain((await post(without)).status)
    for (const ids of [[theirs.id], [mail.id, theirs.id], [letter('x').id]])
      expect(await post(wish(ids))).toMatchObject({ status: 404, body: { error: { code: 'not-in-quarantine' } } })
    await t.storage.tenant(t.a, (tx) =>
      sql`update message set blob_key = '' where tenant_id = ${t.a} and id = ${mail.id}`.execute(tx),
    )
    expect(await post(wish([mail.id]))).toMatchObject({ status: 410, body: { error: { code: 'bytes-expired' } } })
  })

  test('it waits for its reader: one message at a time is in memory', async () => {
    const mails = []
    for (let i = 0; i < 6; i++) {
      const filler = randomBytes(300_000).toString('base64').replace(/.{76}/g, '$&\r\n')
      mails.push(await held(t.a, `Big ${i}`, `X: ${i}\r\n\r\n${filler}\r\n`))
    }
    let read = 0
    const { blobs } = t.storage
    const counting = {
      tenant: t.storage.tenant.bind(t.storage),
      blobs: Object.assign(Object.create(blobs), {
        has: blobs.has.bind(blobs),
        get: (...args: Parameters<typeof blobs.get>) => {
          read++
          return blobs.get(...args)
        },
      }),
    }
    const wanted = { messageIds: mails.map((m) => m.id), password: 'x', reason: 'size', zipCrypto: false }
    const packed = await archive(counting, t.a, { user: 'u', name: 'Test' }, wanted)
    await pause(500)
    expect(read).toBeLessThanOrEqual(2)
    let size = 0
    for await (const chunk of packed) size += chunk.length
    expect(read).toBe(6)
    expect(size).toBeGreaterThan(1_200_000)
    // A reader who goes away ends it.
    read = 0
    const left = await archive(counting, t.a, { user: 'u', name: 'Test' }, wanted)
    left.destroy()
    await pause(300)
    expect(read).toBeLessThanOrEqual(2)
  })
})
