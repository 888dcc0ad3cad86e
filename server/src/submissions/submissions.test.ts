import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { campaigns } from '../../demo/campaigns.ts'
import { AUTHSERV, ORGANISATION } from '../../demo/company.ts'
import { type Answer, type TestApi, testApi } from '../../test/rig/api.ts'
import { takeIn } from '../../test/rig/judged.ts'
import { type TestStorage, testStorage } from '../../test/rig/storage.ts'
import { ALL_PERMISSIONS } from '../access/index.ts'
import { list as auditList } from '../audit/index.ts'
import type { MessageId, TenantId } from '../base/index.ts'
import { register as registerLists } from '../lists/index.ts'
import { createParser } from '../mail/index.ts'
import { setOrganisation, setPolicy } from '../organisation/index.ts'
import { timeline } from '../records/index.ts'
import { submissionExists } from './queries.ts'
import { register } from './routes.ts'

const NOW = new Date()
const ADMIN = { user: 'test', name: 'Test' }
const mails = campaigns(NOW)
let rig: TestStorage
let api: TestApi
/** Message ids in the order of `campaigns`, per tenant. */
const ids = new Map<TenantId, MessageId[]>()

beforeAll(async () => {
  rig = await testStorage()
  const parser = createParser({ workers: 2, trustedAuthserv: [AUTHSERV] })
  for (const tenant of [rig.a, rig.b]) {
    await rig.storage.tenant(tenant, async (tx) => {
      const domain = tenant === rig.a ? 'alderfinch.example' : 'other.example'
      const text = JSON.stringify(ORGANISATION).replaceAll('alderfinch.example', domain)
      // A domain belongs to one tenant; the second company is the same under another name, with the first's as a partner.
      await setOrganisation(tx, rig.storage.outbox, JSON.parse(text), ADMIN)
    })
    ids.set(tenant, await takeIn(rig.storage, tenant, parser, mails))
  }
  await parser.close()
  const emails: Record<string, string> = { Yuki: 'yuki.tanabe@alderfinch.example', Ingrid: 'ingrid@alderfinch.example' }
  api = await testApi(rig.storage, (app) => {
    registerLists(app, { storage: rig.storage, submissionExists })
    register(app, { storage: rig.storage, emailOf: async (actor) => emails[actor.name] ?? null })
  })
})
afterAll(async () => {
  await api?.close()
  await rig?.close()
})

const subjectAt = (i: number): string => /^Subject: (.*)$/m.exec(mails[i]?.raw.toString() ?? '')?.[1] ?? ''
const where = (words: string): number => {
  const i = mails.findIndex((m) => m.raw.toString().includes(words))
  if (i < 0) throw new Error(`no mail with ${words}`)
  return i
}
const idOf = (tenant: TenantId, i: number): MessageId => ids.get(tenant)?.[i] ?? ('' as MessageId)
const steps = (answer: Answer) =>
  answer.body['next'] as { kind: string; label: string; body: Record<string, unknown> }[]
const code = (answer: Answer) => (answer.body['error'] as { code: string } | undefined)?.code
const FALSE_POSITIVE = { as: 'analyst', opinion: 'should-not-have-been-blocked' } as const
const FALSE_NEGATIVE = { as: 'user', opinion: 'should-have-been-blocked', threat: 'phish' } as const

describe('the demo campaigns', () => {
  it('are judged as their stories say', async () => {
    await rig.storage.tenant(rig.a, async (tx) => {
      const rows = await tx
        .selectFrom('message as m')
        .innerJoin('verdict as v', 'v.id', 'm.verdict_id')
        .select(['m.sender_address as sender', 'v.verdict'])
        .execute()
      const seen = new Map<string, Set<string>>()
      for (const { sender, verdict } of rows)
        seen.set(sender ?? '', (seen.get(sender ?? '') ?? new Set()).add(`${verdict.threat} ${verdict.placement}`))
      expect(Object.fromEntries([...seen].map(([k, v]) => [k, [...v].join()]))).toEqual({
        'letters@timberjournal.example': 'phish quarantine',
        'no-reply@alderfinch.example': 'high-confidence-phish quarantine',
        'ingrid.alder.office@freemail.example': 'impersonation quarantine',
        'billing@parcel-notice.example': 'malware quarantine',
        'accounts@alderf1nch.example': 'impersonation quarantine',
        'share@docs-portal.example': 'none deliver',
      })
    })
  })
})

describe('a wanted message was blocked', () => {
  it('report → release and the sender as entry; with the entry the next one gets through, and nothing else changes (lesson #27, #35, #58)', async () => {
    const analyst = await api.token(rig.a, ALL_PERMISSIONS, 'Anna')
    const newsletter = where('From: "Timber Journal"')
    const made = await api.call(analyst, 'POST', `/messages/${idOf(rig.a, newsletter)}/submissions`, {
      ...FALSE_POSITIVE,
      reason: 'our trade journal',
    })
    expect(made.status).toBe(201)
    expect(made.body).toMatchObject({
      result: 'Threats found',
      by: 'Anna',
      subject: subjectAt(newsletter),
      status: 'Completed',
    })
    expect(steps(made).map((s) => s.kind)).toEqual(['release', 'allow-entry'])
    const [release, allow] = steps(made)
    const cause = { kind: 'submission', id: made.body['id'], version: 1 }
    expect(release?.body).toMatchObject({ kind: 'release', select: { messageIds: [idOf(rig.a, newsletter)] }, cause })
    expect(allow?.body).toMatchObject({ action: 'allow', kind: 'sender', value: 'letters@timberjournal.example' })
    // Three issues: all would be delivered.
    expect(allow?.label).toContain('it matches 3 messages, of which 3 would be judged otherwise')
    // Submitting alone makes no entry (submissions #20).
    expect((await api.call(analyst, 'GET', '/entries')).body['items']).toEqual([])

    const preview = await api.call(analyst, 'POST', '/entries/preview', allow?.body)
    expect(preview.body).toMatchObject({ flips: 3, matching: 3, complete: true })
    // Past, present and future apart: the entry is for what comes, what is held already is offered beside it.
    const [held, ...others] = preview.body['now'] as { label: string; body: { select: { deliveryIds: string[] } } }[]
    expect(others).toEqual([])
    expect(held?.label).toBe('Release 9 copies of 3 messages that are held')
    const inQuarantine = await rig.storage.tenant(rig.a, (tx) =>
      tx
        .selectFrom('delivery')
        .select('id')
        .where('latest_location', '=', 'quarantine')
        .where(
          'message_id',
          'in',
          tx.selectFrom('message').select('id').where('sender_address', '=', 'letters@timberjournal.example'),
        )
        .execute(),
    )
    expect(held?.body).toMatchObject({ kind: 'release' })
    expect([...(held?.body.select.deliveryIds ?? [])].sort()).toEqual(inQuarantine.map((d) => d.id).sort())
    const lists = await api.token(rig.a, ['lists.read'])
    expect((await api.call(lists, 'POST', '/entries/preview', allow?.body)).body).toMatchObject({ flips: 3, now: [] })
    const flipped = preview.body['sample'] as { from: object; to: object; senderAddress: string }[]
    expect(new Set(flipped.map((f) => f.senderAddress))).toEqual(new Set(['letters@timberjournal.example']))
    expect(flipped[0]).toMatchObject({
      from: { threat: 'phish', placement: 'quarantine' },
      to: { threat: 'none', placement: 'deliver' },
    })

    const entry = await api.call(analyst, 'POST', '/entries', allow?.body)
    expect(entry.status).toBe(201)
    expect(entry.body).toMatchObject({ origin: 'submission', submissionId: made.body['id'], state: 'active' })
    const alone = await api.call(analyst, 'GET', `/submissions?id=${made.body['id']}`)
    expect(alone.body['items']).toMatchObject([{ id: made.body['id'] }])
    // lists #90: the audit log says by which submission something was let through
    const logged = await rig.storage.tenant(rig.a, (tx) => auditList(tx, { limit: 10 }))
    expect(logged.find((l) => l.action === 'entry.added')?.detail).toMatchObject({
      action: 'allow',
      submissionId: made.body['id'],
    })
    const elsewhere = await api.token(rig.b, ALL_PERMISSIONS)
    expect((await api.call(elsewhere, 'GET', `/submissions?id=${made.body['id']}`)).body['items']).toEqual([])
    const explained = await api.call(analyst, 'GET', `/messages/${idOf(rig.a, newsletter)}/explain`)
    expect(explained.body).toMatchObject({ same: false, today: { verdict: { threat: 'none', placement: 'deliver' } } })
    expect((explained.body['differs'] as string[]).join(' ')).toContain(
      'New since then: allow entry on letters@timberjournal.example',
    )
    // The twin tenant's messages stay as they were.
    const other = await api.token(rig.b, ALL_PERMISSIONS)
    const twin = await api.call(other, 'GET', `/messages/${idOf(rig.b, newsletter)}/explain`)
    expect(twin.body).toMatchObject({ same: true, differs: [] })
    // Said again, the report now finds the entry (submissions #40, #46).
    const again = await api.call(analyst, 'POST', `/messages/${idOf(rig.a, newsletter)}/submissions`, FALSE_POSITIVE)
    expect(again.body).toMatchObject({ result: 'Allowed due to organizational overrides' })
    const removed = await api.call(analyst, 'DELETE', `/entries/${entry.body['id']}`)
    expect(removed.body).toMatchObject({ state: 'removed', version: 2 })
    expect((await api.call(analyst, 'GET', `/messages/${idOf(rig.a, newsletter)}/explain`)).body).toMatchObject({
      same: true,
    })
  })

  it('impersonation asks for an entry too, and it is a submission’s (submissions #50)', async () => {
    const analyst = await api.token(rig.a, ALL_PERMISSIONS)
    const id = idOf(rig.a, where('ingrid.alder.office@'))
    const made = await api.call(analyst, 'POST', `/messages/${id}/submissions`, FALSE_POSITIVE)
    expect(made.body).toMatchObject({ result: 'User Impersonation' })
    const allow = steps(made).find((s) => s.kind === 'allow-entry')
    expect(allow?.body).toMatchObject({ kind: 'sender', value: 'ingrid.alder.office@freemail.example' })
    const direct = await api.call(analyst, 'POST', '/entries/preview', { ...allow?.body, submissionId: null })
    expect(direct.body).toMatchObject({ matching: 2, flips: 0 })
    const lifted = await api.call(analyst, 'POST', '/entries/preview', allow?.body)
    expect(lifted.body).toMatchObject({ matching: 2, flips: 2 })
  })

  it('a forged sender is not offered, because it would not be applied', async () => {
    const analyst = await api.token(rig.a, ALL_PERMISSIONS)
    const made = await api.call(
      analyst,
      'POST',
      `/messages/${idOf(rig.a, where('From: "Mail Administration"'))}/submissions`,
      FALSE_POSITIVE,
    )
    expect(made.body).toMatchObject({ result: 'Threats found' })
    expect(steps(made).map((s) => s.kind)).toEqual(['release'])
    expect(made.body['advice']).toEqual([
      'No entry for no-reply@alderfinch.example is offered: the sender could not be authenticated, so anybody could use it.',
    ])
  })

  it('a block entry is named, because no allow can win against it (submissions #48, lesson #28)', async () => {
    const analyst = await api.token(rig.a, ALL_PERMISSIONS)
    const value = 'share@docs-portal.example'
    const entry = await api.call(analyst, 'POST', '/entries', {
      action: 'block',
      kind: 'sender',
      value,
      expiresInDays: 7,
    })
    const id = idOf(rig.a, where('From: "Document Portal"'))
    const made = await api.call(analyst, 'POST', `/messages/${id}/submissions`, FALSE_POSITIVE)
    expect(made.body).toMatchObject({ result: 'Blocked due to organizational overrides' })
    expect((made.body['advice'] as string[])[0]).toContain(`entry ${entry.body['id']}`)
    expect(steps(made).filter((s) => s.kind === 'allow-entry')).toEqual([])
    const edited = await api.call(analyst, 'PATCH', `/entries/${entry.body['id']}`, {
      note: 'too wide',
      expiresInDays: 1,
    })
    expect(edited.body).toMatchObject({ version: 2, note: 'too wide', value })
    expect((await api.call(analyst, 'PATCH', `/entries/${entry.body['id']}`, { value: 'x@y.example' })).status).toBe(
      422,
    )
    await api.call(analyst, 'DELETE', `/entries/${entry.body['id']}`)
    const detail = await api.call(analyst, 'GET', `/entries/${entry.body['id']}`)
    expect((detail.body['history'] as { change: string }[]).map((h) => h.change)).toEqual([
      'added',
      'edited',
      'removed',
    ])
    expect(detail.body).toMatchObject({ state: 'removed' })
    expect(code(await api.call(analyst, 'GET', '/entries/not-an-id'))).toBe('invalid-request')
  })

  it('a preview counts what would happen with the lists as they are, and takes nothing out of the record (lesson #56)', async () => {
    const analyst = await api.token(rig.a, ALL_PERMISSIONS)
    const sender = { kind: 'sender', value: 'letters@timberjournal.example' }
    const preview = async () =>
      (await api.call(analyst, 'POST', '/entries/preview', { action: 'allow', ...sender, expiresInDays: 7 })).body
    expect(await preview()).toMatchObject({ matching: 3, flips: 3 })
    const block = await api.call(analyst, 'POST', '/entries', { action: 'block', ...sender, expiresInDays: 7 })
    expect(await preview()).toMatchObject({ matching: 3, flips: 0 })
    // What was found stays in the record, whatever the lists say of it.
    const kept = await api.call(analyst, 'GET', `/messages/${idOf(rig.a, where('From: "Timber Journal"'))}/explain`)
    expect(kept.body).toMatchObject({ stored: { verdict: { threat: 'phish', placement: 'quarantine' } } })
    await api.call(analyst, 'DELETE', `/entries/${block.body['id']}`)
    expect(await preview()).toMatchObject({ matching: 3, flips: 3 })
  })

  it('a file is allowed by its hash', async () => {
    const analyst = await api.token(rig.a, ALL_PERMISSIONS)
    const made = await api.call(
      analyst,
      'POST',
      `/messages/${idOf(rig.a, where('invoice-4471.pdf.js'))}/submissions`,
      FALSE_POSITIVE,
    )
    const allow = steps(made).find((s) => s.kind === 'allow-entry')
    expect(allow?.body).toMatchObject({ kind: 'file-hash' })
    expect((await api.call(analyst, 'POST', '/entries/preview', { ...allow?.body, submissionId: null })).status).toBe(
      400,
    )
  })
})

describe('a threat was missed', () => {
  it('report → remove it, all that share its links, and a block entry that would have kept them out (lesson #38, #58)', async () => {
    const analyst = await api.token(rig.a, ALL_PERMISSIONS)
    const missed = where('From: "Document Portal"')
    const made = await api.call(analyst, 'POST', `/messages/${idOf(rig.a, missed)}/submissions`, FALSE_NEGATIVE)
    expect(made.body).toMatchObject({ result: 'No threats found', threat: 'phish' })
    const all = steps(made).find((s) => s.label.includes('with links to docs-portal.example'))
    expect(all?.label).toContain('Remove all 10 copies of 10 messages')
    expect(all?.body).toMatchObject({ kind: 'soft-delete', select: { filter: { urlDomain: 'docs-portal.example' } } })
    const block = steps(made).find((s) => s.kind === 'block-entry')
    expect(block?.body).toMatchObject({ action: 'block', kind: 'url-domain', value: 'docs-portal.example' })
    expect(block?.label).toContain('it matches 10 messages, of which 10 would be judged otherwise')
    const entry = await api.call(analyst, 'POST', '/entries', block?.body)
    expect(entry.status).toBe(201)
    const explained = await api.call(analyst, 'GET', `/messages/${idOf(rig.a, missed)}/explain`)
    expect(explained.body).toMatchObject({
      today: { verdict: { threat: 'high-confidence-phish', placement: 'quarantine', technology: 'list-entry' } },
      stored: { verdict: { threat: 'none', placement: 'deliver' } },
    })
    await api.call(analyst, 'DELETE', `/entries/${entry.body['id']}`)
  })

  it('our own domain and links to it are never offered for blocking', async () => {
    const analyst = await api.token(rig.a, ALL_PERMISSIONS)
    const made = await api.call(
      analyst,
      'POST',
      `/messages/${idOf(rig.a, where('From: "Mail Administration"'))}/submissions`,
      FALSE_NEGATIVE,
    )
    expect(made.body['resultDetail']).toContain('blocked for everybody already') // submissions #53
    expect(steps(made).map((s) => s.body['value'])).toEqual(['login-keep.webhost-17.example'])
  })
})

describe('who may report what', () => {
  const report = (token: string, i: number, body: object, tenant = rig.a) =>
    api.call(token, 'POST', `/messages/${idOf(tenant, i)}/submissions`, body)

  it('a reporter reports what was addressed to him, sees no verdict, and nothing else exists', async () => {
    const yuki = await api.token(rig.a, ['submission.write'], 'Yuki')
    const mine = mails.findIndex((m) => m.recipients.includes('yuki.tanabe@alderfinch.example'))
    const others = mails.findIndex((m) => !m.recipients.includes('yuki.tanabe@alderfinch.example'))
    const made = await report(yuki, mine, { ...FALSE_NEGATIVE, as: 'user' })
    expect(made.status).toBe(201)
    expect(made.body).toMatchObject({ recipient: 'yuki.tanabe@alderfinch.example', today: null, next: [], differs: [] })
    expect(code(await report(yuki, others, FALSE_NEGATIVE))).toBe('message-not-found')
    expect((await report(yuki, mine, { ...FALSE_NEGATIVE, as: 'analyst' })).status).toBe(403)
    expect((await api.call(yuki, 'GET', '/submissions')).status).toBe(403)
    expect((await api.call(yuki, 'GET', `/messages/${idOf(rig.a, mine)}/explain`)).status).toBe(403)
    const ingrid = await api.token(rig.a, ['submission.write'], 'Ingrid')
    const hers = mails.findIndex((m) => m.recipients.includes('ingrid.alder@alderfinch.example'))
    expect((await report(ingrid, hers, FALSE_NEGATIVE)).status).toBe(201) // by her alias' mailbox
    const nobody = await api.token(rig.a, ['submission.write'], 'A script')
    expect(code(await report(nobody, mine, FALSE_NEGATIVE))).toBe('message-not-found')
  })

  it('another tenant’s message does not exist (promise 9)', async () => {
    const b = await api.token(rig.b, ALL_PERMISSIONS)
    expect(code(await report(b, 0, FALSE_NEGATIVE))).toBe('message-not-found')
    expect(code(await api.call(b, 'GET', `/messages/${idOf(rig.a, 0)}/explain`))).toBe('message-not-found')
    expect((await api.call(b, 'GET', '/submissions')).body['items']).toEqual([])
  })

  it('lists are read and written by those who may (lists #86)', async () => {
    const reader = await api.token(rig.a, ['lists.read'])
    const body = { action: 'block', kind: 'sender', value: 'x@y.example' }
    expect((await api.call(reader, 'GET', '/entries')).status).toBe(200)
    expect((await api.call(reader, 'POST', '/entries', body)).status).toBe(403)
    expect((await api.call(null, 'GET', '/entries')).status).toBe(401)
    // Numbers without mail.read, but no messages.
    const preview = await api.call(reader, 'POST', '/entries/preview', { ...body, value: 'share@docs-portal.example' })
    expect(preview.body).toMatchObject({ flips: 10, sample: [] })
  })

  it('what is wrong with a report is said', async () => {
    const analyst = await api.token(rig.a, ALL_PERMISSIONS)
    expect(code(await report(analyst, 0, { ...FALSE_POSITIVE, threat: 'phish' }))).toBe('bad-report')
    expect(code(await report(analyst, 0, { ...FALSE_POSITIVE, recipient: 'nobody@alderfinch.example' }))).toBe(
      'no-recipient',
    )
    expect((await report(analyst, 0, { as: 'analyst' })).status).toBe(422)
    const bad = await api.call(analyst, 'POST', '/entries', { action: 'allow', kind: 'sender-domain', value: 'co.uk' })
    expect(bad.status).toBe(400)
    expect(bad.body['error']).toMatchObject({ code: 'bad-value', message: expect.stringContaining('public suffix') })
  })
})

describe('what a report leaves behind', () => {
  it('a row (submissions #34), the timeline, the audit log and an event', async () => {
    const analyst = await api.token(rig.a, ALL_PERMISSIONS, 'Anna')
    const id = idOf(rig.a, 2)
    const made = await api.call(analyst, 'POST', `/messages/${id}/submissions`, FALSE_POSITIVE)
    const listed = await api.call(analyst, 'GET', `/submissions?messageId=${id}&limit=1`)
    expect(listed.body['items']).toMatchObject([{ id: made.body['id'], messageId: id }])
    await rig.storage.tenant(rig.a, async (tx) => {
      const reported = (await timeline(tx, id)).filter((e) => e.kind === 'reported')
      expect(reported).toMatchObject([{ actor: 'Anna', detail: { submissionId: made.body['id'] } }])
      const events = await tx.selectFrom('outbox').select('data').where('kind', '=', 'submission.made').execute()
      expect(events.map((e) => e.data)).toContainEqual({
        submissionId: made.body['id'],
        messageId: id,
        opinion: FALSE_POSITIVE.opinion,
      })
    })
  })

  it('a change of policy is explained', async () => {
    const analyst = await api.token(rig.a, ALL_PERMISSIONS)
    await rig.storage.tenant(rig.a, (tx) => setPolicy(tx, rig.storage.outbox, { mode: 'observe' }, ADMIN))
    const explained = await api.call(analyst, 'GET', `/messages/${idOf(rig.a, 0)}/explain`)
    expect((explained.body['differs'] as string[]).join(' ')).toContain(
      'standard, version 0 then; observe, version 1 now',
    )
    expect(explained.body).toMatchObject({ today: { verdict: { placement: 'deliver', wouldPlace: 'quarantine' } } })
  })
})
