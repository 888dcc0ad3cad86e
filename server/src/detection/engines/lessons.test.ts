import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parsedMail } from '../../../test/rig/parsed-mail.ts'
import { type TestStorage, testStorage } from '../../../test/rig/storage.ts'
import type { TenantId } from '../../base/index.ts'
import { type Class, Classifier, lessonOf, MOST_KIN, opinion, START } from './classifier/index.ts'
import { forget, taughtLessons, teach } from './lessons.ts'
import { createModels } from './models.ts'

let t: TestStorage
beforeAll(async () => {
  t = await testStorage()
})
afterAll(() => t.close())

const actor = { user: 'u', name: 'Ann' }
const sha = (text: string) => createHash('sha256').update(text).digest('hex')
const mail = (text: string, kin: string | null = null) =>
  parsedMail({ text, fingerprints: { subject: null, body: kin } })
const lesson = (text: string, as: Class, kin: string | null = null) => lessonOf(mail(text, kin), sha(text), as)
const say = (tenant: TenantId, text: string, as: Class, id = 's1', kin: string | null = null) =>
  t.storage.tenant(tenant, (tx) =>
    teach(
      tx,
      t.storage.outbox,
      { lesson: lesson(text, as, kin), messageId: null, cause: { kind: 'submission', id } },
      actor,
    ),
  )
const take = (tenant: TenantId, which: Parameters<typeof forget>[2]) =>
  t.storage.tenant(tenant, (tx) => forget(tx, t.storage.outbox, which, actor))
const silent = { warn: () => {} }

describe('lessons of an organisation', () => {
  it('teach its own classifier and nobody else’s; taking the cause back leaves nothing', async () => {
    const models = createModels(t.storage, silent)
    expect((await models.modelOf(t.a)).version).toBe(START)
    expect(await models.refit(t.a)).toBe(false)
    expect(await say(t.a, 'verify your wallet at once', 'phish')).toBe('learnt')
    expect(await say(t.a, 'verify your wallet at once', 'phish')).toBe('known')
    expect(await say(t.a, 'the minutes of the meeting', 'ham', 's2')).toBe('learnt')
    expect(await models.refit(t.a)).toBe(true)
    expect(await models.refit(t.a)).toBe(false)
    expect(await models.refit(t.b)).toBe(false)

    const here = new Classifier([
      lesson('the minutes of the meeting', 'ham'),
      lesson('verify your wallet at once', 'phish'),
    ])
    const model = await models.modelOf(t.a)
    expect(model.version).toBe(here.refitNow().version)
    const asked = mail('verify your wallet')
    expect(opinion(model, asked)).toEqual(opinion(here.model, asked))
    // Another process, which has never seen it, and the other organisation.
    expect(opinion(await createModels(t.storage, silent).modelOf(t.a), asked)).toEqual(opinion(model, asked))
    expect((await createModels(t.storage, silent).modelOf(t.b)).version).toBe(START)
    expect(await t.storage.tenant(t.b, (tx) => taughtLessons(tx))).toEqual([])

    expect(await take(t.b, { cause: { kind: 'submission', id: 's1' } })).toBe(0)
    expect(await take(t.a, { cause: { kind: 'submission', id: 's1' } })).toBe(1)
    expect(await models.refit(t.a)).toBe(true)
    expect((await models.modelOf(t.a)).version).toBe(
      new Classifier([lesson('the minutes of the meeting', 'ham')]).refitNow().version,
    )
    expect(await take(t.a, { messageHash: sha('the minutes of the meeting') })).toBe(1)
    expect(await models.refit(t.a)).toBe(true)
    expect((await models.modelOf(t.a)).version).toBe(START)
  })

  it('lesson #21: an opposite lesson replaces, copies of one text are bounded, and the audit log has each', async () => {
    expect(await say(t.b, 'cheap pills', 'spam')).toBe('learnt')
    expect(await say(t.b, 'cheap pills', 'ham', 's9')).toBe('changed')
    expect(await t.storage.tenant(t.b, (tx) => taughtLessons(tx))).toMatchObject([
      { class: 'ham', cause: { id: 's9' }, by: 'Ann' },
    ])
    const results = []
    for (let i = 0; i < MOST_KIN + 5; i++) results.push(await say(t.b, `lunch in room ${i}`, 'spam', 's3', 'kin'))
    expect(results.filter((r) => r === 'learnt').length).toBe(MOST_KIN)
    expect(results.slice(-5)).toEqual(Array(5).fill('enough'))
    const audit = await t.storage.tenant(t.b, (tx) =>
      tx.selectFrom('audit_entry').select('action').where('action', 'like', 'classifier.%').execute(),
    )
    expect(audit.length).toBe(2 + MOST_KIN)
  })

  it('a damaged model in the database is no reason not to judge', async () => {
    await t.storage.tenant(t.b, (tx) =>
      tx
        .updateTable('classifier_model')
        .set({ bytes: Buffer.from('junk'), fitted: 99_999 })
        .execute(),
    )
    const warned: unknown[] = []
    const model = await createModels(t.storage, { warn: (about: unknown) => warned.push(about) }).modelOf(t.b)
    expect(model.version).toBe(START)
    expect(warned.length).toBe(1)
  })
})
