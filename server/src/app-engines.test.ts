import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../test/rig/app.ts'
import { saveCompany } from '../test/rig/intake.ts'
import { freePort } from '../test/rig/ports.ts'
import { type TestStorage, testStorage } from '../test/rig/storage.ts'
import type { MessageId, TenantId } from './base/index.ts'
import { readConfig } from './config.ts'
import { START } from './detection/index.ts'

let t: TestStorage
let run: TestApp
let port = 0
let clamd: Server | null = null
const sockets = new Set<Socket>()
const dir = mkdtempSync(join(tmpdir(), 'recourse-engines-'))

/** Speaks clamd's protocol and finds one word. */
function startClamd(): Promise<void> {
  const server = createServer((socket) => {
    sockets.add(socket)
    let got = ''
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      got += chunk.toString('latin1')
      if (got.startsWith('zPING\0')) socket.end('PONG\0')
      else if (got.endsWith('\0\0\0\0'))
        socket.end(got.includes('crimson') ? 'stream: Test.Crimson FOUND\0' : 'stream: OK\0')
    })
  })
  clamd = server
  return new Promise((done) => server.listen(port, '127.0.0.1', done))
}

async function stopClamd(): Promise<void> {
  for (const s of sockets) s.destroy()
  await new Promise((done) => (clamd ? clamd.close(done) : done(null)))
  clamd = null
}

beforeAll(async () => {
  t = await testStorage()
  port = await freePort()
  await saveCompany(t.storage, t.a, 'kontor.example')
  await saveCompany(t.storage, t.b, 'werft.example')
  const config = readConfig({
    RECOURSE_DATA_DIR: dir,
    RECOURSE_HTTP_PORT: '0',
    DATABASE_URL: t.url,
    RECOURSE_PARSER_WORKERS: '1',
    RECOURSE_ENGINES_CLAMAV_ADDRESS: `127.0.0.1:${port}`,
    RECOURSE_ENGINES_CLAMAV_TIMEOUT_MS: '2000',
  }).full
  run = await startTestApp(t, config)
})
afterAll(async () => {
  await run?.app.stop()
  await stopClamd()
  await t.close()
  rmSync(dir, { recursive: true, force: true })
})

const call: TestApp['call'] = (...asked) => run.call(...asked)
const detail: TestApp['detail'] = (...asked) => run.detail(...asked)
const locations: TestApp['locations'] = (...asked) => run.locations(...asked)
const domainOf = (tenant: TenantId) => (tenant === t.a ? 'kontor.example' : 'werft.example')
async function deliver(tenant: TenantId, subject: string, text: string): Promise<MessageId> {
  const to = `ann@${domainOf(tenant)}`
  const mail = `From: Jo <jo@partner.example>\r\nTo: ${to}\r\nSubject: ${subject}\r\nMessage-ID: <${subject.replaceAll(' ', '.')}@partner.example>\r\nDate: Tue, 24 Nov 2026 10:00:00 +0000\r\n\r\n${text}\r\n`
  const told = await call(tenant, 'POST', `/import?recipient=${to}`, mail)
  if (typeof told.messageId !== 'string') throw new Error(JSON.stringify(told))
  return told.messageId as MessageId
}

type Placement = 'deliver' | 'junk' | 'quarantine'
const emitLate = (messageId: MessageId, from: Placement, to: Placement) =>
  t.storage.tenant(t.a, (tx) =>
    t.storage.outbox.emit(tx, {
      kind: 'verdict.late',
      data: {
        messageId,
        signal: { id: 'clamav', version: 1 },
        from: { threat: from === 'deliver' ? 'none' : 'malware', placement: from },
        to: { threat: to === 'deliver' ? 'none' : 'malware', placement: to },
      },
    }),
  )

describe('an engine that is down', () => {
  test('mail is judged without it and says so; when it is back it is judged again, and what it finds is taken out of the mailbox, in each organisation', async () => {
    await expect.poll(async () => (await call(t.a, 'GET', '/engines')).items[0].state).toBe('down')
    const ids = new Map<TenantId, string>()
    for (const tenant of [t.a, t.b]) {
      const id = await deliver(tenant, 'The ledger', 'See the crimson ledger, please.')
      ids.set(tenant, id)
      const { verdict, signals } = await detail(tenant, id)
      expect(verdict.threat).toBe('none')
      expect(JSON.stringify(signals)).toContain('Judged without clamav')
      expect(await locations(tenant, id)).toEqual(['inbox'])
    }
    const clean = await deliver(t.a, 'The other ledger', 'See the green ledger, please.')
    expect((await call(t.a, 'GET', '/engines')).pending).toBe(2)
    expect((await call(t.b, 'GET', '/engines')).pending).toBe(1)
    const readiness = await (await fetch(`${run.app.url}/readyz`)).json()
    expect(readiness).toMatchObject({ ready: true, engines: { clamav: 'down' } })

    await startClamd()
    for (const [tenant, id] of ids) {
      await expect.poll(async () => (await detail(tenant, id)).verdict.threat).toBe('malware')
      await expect.poll(() => locations(tenant, id)).toEqual(['quarantine'])
      // A copy's place is known before its action has ended.
      await expect
        .poll(async () => (await call(tenant, 'GET', '/actions')).items)
        .toMatchObject([
          {
            ...{ kind: 'quarantine', state: 'completed', counts: { done: 1 } },
            cause: { kind: 'signal', id: 'clamav', version: 1 },
          },
        ])
      const timeline = await call(tenant, 'GET', `/messages/${id}/timeline`)
      expect(JSON.stringify(timeline)).toContain('clamav did not answer at receipt')
      const { signals } = await detail(tenant, id)
      expect(JSON.stringify(signals)).not.toContain('Judged without clamav')
    }
    await expect.poll(async () => (await call(t.a, 'GET', '/engines')).pending).toBe(0)
    expect(await locations(t.a, clean)).toEqual(['inbox'])
    expect((await call(t.a, 'GET', '/engines')).items).toMatchObject([{ id: 'clamav', state: 'up' }])
    expect(await (await fetch(`${run.app.url}/metrics`)).text()).toMatch(/recourse_engine_clamav_up 1/)
  })

  test('what was undone is not taken again, however often it is judged late', async () => {
    const { items } = await call(t.a, 'GET', '/actions')
    const [action] = items
    const undone = await call(t.a, 'POST', `/actions/${action.id}/undo`, {})
    await expect.poll(async () => (await call(t.a, 'GET', `/actions/${undone.id}`)).state).toBe('completed')
    const found = await t.storage.tenant(t.a, (tx) =>
      tx.selectFrom('message').select('id').where('subject', '=', 'The ledger').executeTakeFirstOrThrow(),
    )
    await emitLate(found.id, 'deliver', 'quarantine')
    await expect.poll(async () => (await call(t.a, 'GET', '/actions')).items.length).toBeGreaterThan(2)
    await expect
      .poll(async () => (await call(t.a, 'GET', '/actions')).items[0])
      .toMatchObject({
        cause: { id: 'clamav' },
        counts: { skipped: 1, done: 0, executing: 0 },
      })
    expect(await locations(t.a, found.id)).toEqual(['inbox'])
  })
})

describe('a late verdict that is milder', () => {
  test('takes nothing back by itself: it proposes, somebody approves; what a person has decided meanwhile stays (lesson #62)', async () => {
    const entry = await call(t.a, 'POST', '/entries', {
      action: 'block',
      kind: 'sender-domain',
      value: 'partner.example',
    })
    await stopClamd()
    const waits = await deliver(t.a, 'Plan one', 'See the plan, please.')
    const released = await deliver(t.a, 'Plan two', 'See the second plan, please.')
    const deleted = await deliver(t.a, 'Plan three', 'See the third plan, please.')
    const same = await deliver(t.b, 'Plan one', 'See the plan, please.')
    for (const id of [waits, released, deleted]) expect(await locations(t.a, id)).toEqual(['quarantine'])
    expect(await locations(t.b, same)).toEqual(['inbox'])
    const act = async (kind: string, id: string) => {
      const made = await call(t.a, 'POST', '/actions', { kind, select: { messageIds: [id] } })
      await expect.poll(async () => (await call(t.a, 'GET', `/actions/${made.id}`)).state).toBe('completed')
    }
    await act('release', released)
    await act('soft-delete', deleted)
    await call(t.a, 'DELETE', `/entries/${entry.id}`)

    await startClamd()
    await expect.poll(async () => (await call(t.a, 'GET', '/engines')).pending).toBe(0)
    for (const id of [waits, released, deleted])
      await expect
        .poll(async () => JSON.stringify(await call(t.a, 'GET', `/messages/${id}/timeline`)))
        .toContain('is none, deliver')
    const proposals = async () =>
      (await call(t.a, 'GET', '/actions?state=pending-approval')).items.filter(
        (a: { requestedBy: { name: string } }) => a.requestedBy.name === 'Late verdict',
      )
    // Events come in their order: behind this one there is nothing left of the others.
    const late = await deliver(t.a, 'The last ledger', 'Nothing crimson here.')
    await emitLate(late, 'deliver', 'junk')
    await expect.poll(() => locations(t.a, late)).toEqual(['junk'])
    expect(await proposals()).toMatchObject([{ kind: 'release', counts: { total: 1, planned: 1 } }])
    expect(await locations(t.a, waits)).toEqual(['quarantine'])
    const approve = async () => {
      const [proposed] = await proposals()
      await call(t.a, 'POST', `/actions/${proposed.id}/approve`, {})
      await expect.poll(async () => (await call(t.a, 'GET', `/actions/${proposed.id}`)).state).toBe('completed')
    }
    await approve()
    expect(await locations(t.a, waits)).toEqual(['inbox'])

    // From quarantine to Junk: proposed as that, and it arrives there.
    await emitLate(late, 'deliver', 'quarantine')
    await expect.poll(() => locations(t.a, late)).toEqual(['quarantine'])
    await emitLate(late, 'quarantine', 'junk')
    await expect.poll(proposals).toMatchObject([{ kind: 'move', target: 'junk' }])
    await approve()
    expect(await locations(t.a, late)).toEqual(['junk'])

    // What has been acted on and is milder now: from Junk to the Inbox, by approval too; the same once more changes nothing.
    await emitLate(late, 'junk', 'deliver')
    await expect.poll(async () => (await proposals()).length).toBe(1)
    expect(await locations(t.a, late)).toEqual(['junk'])
    await approve()
    expect(await locations(t.a, late)).toEqual(['inbox'])
    await emitLate(late, 'junk', 'deliver')
    await act('soft-delete', late)
    expect(await proposals()).toEqual([])
    expect(await locations(t.b, same)).toEqual(['inbox'])
  })
})

describe('what analysts submit', () => {
  test('teaches their organisation’s classifier; a user’s report does not; forgetting takes it back', async () => {
    const text = readFileSync(new URL('../../README.md', import.meta.url), 'utf8').slice(0, 1500)
    const id = await deliver(t.a, 'Your parcel', text)
    const body = { opinion: 'should-have-been-blocked', threat: 'phish' }
    await call(t.a, 'POST', `/messages/${id}/submissions`, { as: 'user', ...body })
    const submission = await call(t.a, 'POST', `/messages/${id}/submissions`, { as: 'analyst', ...body })
    await expect
      .poll(async () => (await call(t.a, 'GET', '/engines')).classifier.taught)
      .toEqual({ ham: 0, spam: 0, phish: 1 })
    expect((await call(t.b, 'GET', '/engines')).classifier.taught).toEqual({ ham: 0, spam: 0, phish: 0 })
    const { items } = await call(t.a, 'GET', '/engines/classifier/lessons')
    expect(items).toMatchObject([{ class: 'phish', messageId: id, cause: { kind: 'submission', id: submission.id } }])
    expect((await call(t.b, 'GET', '/engines/classifier/lessons')).items).toEqual([])
    const again = await detail(t.a, await deliver(t.a, 'Your parcel waits', `${text} 42`))
    const said = again.signals.find((s: { id: string }) => s.id === 'classifier')
    expect(said.weight).toBeGreaterThan(4)

    const theirs = call(t.b, 'DELETE', `/engines/classifier/lessons/${items[0].messageHash}`)
    await expect(theirs).rejects.toThrow(/no-lesson/)
    expect(await call(t.a, 'DELETE', `/engines/classifier/lessons/${items[0].messageHash}`)).toEqual({ forgotten: 1 })
    await expect.poll(async () => (await call(t.a, 'GET', '/engines')).classifier.version).toBe(START)
  })

  test('a release corrects the classifier if it is asked to, and another opinion takes that back (lesson #34)', async () => {
    const entry = await call(t.a, 'POST', '/entries', {
      action: 'block',
      kind: 'sender-domain',
      value: 'partner.example',
    })
    const text = readFileSync(new URL('../../CHANGELOG.md', import.meta.url), 'utf8').slice(0, 1500)
    const held = await deliver(t.a, 'Minutes of May', text)
    const plain = await deliver(t.a, 'Minutes of June', text.toUpperCase())
    const lessons = async () => (await call(t.a, 'GET', '/engines/classifier/lessons')).items
    const before = (await lessons()).length
    await call(t.a, 'POST', '/quarantine/release', { select: { messageIds: [plain] } })
    await call(t.a, 'POST', '/quarantine/release', { select: { messageIds: [held] }, submit: true })
    await expect.poll(async () => (await lessons()).length).toBe(before + 1)
    for (const id of [held, plain]) await expect.poll(() => locations(t.a, id)).toEqual(['inbox'])
    expect((await lessons()).map((l: { messageId: string }) => l.messageId)).not.toContain(plain)
    const taught = async () => (await lessons()).find((l: { messageId: string }) => l.messageId === held)
    expect(await taught()).toMatchObject({ class: 'ham' })
    const other = { as: 'analyst', opinion: 'should-have-been-blocked', threat: 'phish' }
    await call(t.a, 'POST', `/messages/${held}/submissions`, other)
    await expect.poll(taught).toMatchObject({ class: 'phish' })
    expect((await lessons()).length).toBe(before + 1)
    await call(t.a, 'DELETE', `/entries/${entry.id}`)
  })
})
