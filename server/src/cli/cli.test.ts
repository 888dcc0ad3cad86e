import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { maildirCopies } from '../../test/rig/maildir-state.ts'
import { type RunningServer, runServer } from '../../test/rig/running.ts'
import { leaveInDoubt } from '../../test/rig/two-copies.ts'
import { jsonText, plain } from './out.ts'

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url))
const work = mkdtempSync(join(tmpdir(), 'recourse-cli-'))
let server: RunningServer

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** The command line as a person types it. */
function recourse(
  args: readonly string[],
  options: { env?: Record<string, string>; input?: string } = {},
): Promise<Ran> {
  return new Promise((done) => {
    const child = spawn(process.execPath, [MAIN, ...args], {
      cwd: work,
      env: { ...process.env, RECOURSE_DATA_DIR: server?.dir ?? work, XDG_STATE_HOME: work, ...options.env },
    })
    const out: Buffer[] = []
    const err: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
    child.stdin.end(options.input ?? '')
    child.on('close', (code) =>
      done({ code: code ?? -1, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() }),
    )
  })
}

// biome-ignore lint/suspicious/noExplicitAny: answers of a program, looked into by the tests
type Answer = any
async function answer(...args: string[]): Promise<Answer> {
  const ran = await recourse([...args, '--json'])
  expect(ran, `recourse ${args.join(' ')}`).toMatchObject({ code: 0, err: '' })
  return JSON.parse(ran.out)
}

const DOMAIN = 'kontor.example'
const ORGANISATION = {
  domains: [DOMAIN],
  mailboxes: ['ann', 'bo', 'cy'].map((n) => ({ address: `${n}@${DOMAIN}`, displayName: n })),
}
const mail = (n: number, to: string, body = 'hello') =>
  `From: Shop <news@shop.example>\nTo: ${to}@${DOMAIN}\nSubject: Offer ${n}\nMessage-ID: <${n}@shop.example>\nDate: Tue, 24 Nov 2026 0${n % 10}:00:00 +0000\n\n${body} http://shop.example/${n}\n`

beforeAll(async () => {
  mkdirSync(join(work, 'mail'))
  for (let n = 1; n <= 9; n++)
    writeFileSync(join(work, 'mail', `${n}.eml`), mail(n, ['ann', 'bo', 'cy'][n % 3] ?? 'ann'))
  writeFileSync(join(work, 'organisation.json'), JSON.stringify(ORGANISATION))
  server = await runServer()
})
afterAll(async () => {
  await server?.stop()
  rmSync(work, { recursive: true, force: true })
})

describe('the command line', () => {
  test('makes the organisation from a file, and says which entry is wrong', async () => {
    expect(await answer('org', 'apply', join(work, 'organisation.json'))).toMatchObject({
      version: 1,
      domains: [DOMAIN],
    })
    expect((await recourse(['org', 'show'])).out).toMatch(/ann@kontor\.example +ann +user/)
    const wrong = await recourse(['org', 'apply', '-'], {
      input: JSON.stringify({ domains: [DOMAIN], mailboxes: [{ address: 'x@other.example' }] }),
    })
    expect(wrong).toMatchObject({ code: 1, out: '' })
    expect(wrong.err).toMatch(/mailboxes\[0\] x@other\.example: its domain other\.example is not among the domains/)
    expect((await recourse(['org', 'apply', 'none.json'])).err).toMatch(/none\.json cannot be read/)
  })

  test('shows and changes the policy, version by version', async () => {
    const before = await answer('policy', 'show')
    const trust = ['--trusted-authserv', 'mx.kontor.example', '--trusted-arc-sealers', 'lists.example, forward.example']
    const after = await answer('policy', 'set', '--mode', 'strict', ...trust)
    expect(after).toEqual({
      ...before,
      mode: 'strict',
      trustedAuthserv: ['mx.kontor.example'],
      trustedArcSealers: ['lists.example', 'forward.example'],
      version: before.version + 1,
    })
    expect(await recourse(['policy', 'set'])).toMatchObject({ code: 2 })
    expect((await recourse(['policy', 'set', '--mode', 'harsh'])).code).toBe(2)
    const rules = ['--own-proposals', 'no', '--second-above', '500']
    expect(await answer('policy', 'set', '--mode', 'standard', ...rules)).toMatchObject({
      approvals: { ownProposals: false, secondAbove: 500, secondForHardDelete: false },
    })
    await answer('policy', 'set', '--own-proposals', 'yes', '--second-above', 'never')
  })

  test('imports a folder once, however often it is asked to', async () => {
    expect(await answer('import', join(work, 'mail'))).toMatchObject({ imported: 9, duplicates: 0, failed: 0 })
    expect(await answer('import', join(work, 'mail'))).toMatchObject({ imported: 0, skipped: 9 })
    expect(await answer('import', join(work, 'mail'), '--no-journal')).toMatchObject({ imported: 0, duplicates: 9 })
    const none = await recourse(['import', join(work, 'nothing'), '--json'])
    expect(none.code).toBe(1)
    expect(JSON.parse(none.out)).toMatchObject({ failed: 1, problems: [{ why: 'does not exist' }] })
  })

  test('lists, filters, shows and explains messages', async () => {
    expect((await answer('messages')).items).toHaveLength(9)
    const { items } = await answer('messages', '--recipient', `bo@${DOMAIN}`, '--sender-domain', 'shop.example')
    expect(items).toHaveLength(3)
    const [first] = items
    expect((await recourse(['messages', '--q', first.subject])).out).toContain(first.id)
    expect(await answer('show', first.id)).toMatchObject({ id: first.id, subject: first.subject })
    const shown = await recourse(['show', first.id])
    for (const text of ['news@shop.example', `bo@${DOMAIN}`, 'inbox']) expect(shown.out).toContain(text)
    expect(await answer('explain', first.id)).toMatchObject({ messageId: first.id, same: true })
    expect((await recourse(['messages', '--from', 'yesterday'])).code).toBe(2)
    const csv = await recourse(['messages', '--message-id', first.id, '--csv', '--columns', 'subject,recipient'])
    expect(csv.out).toContain('Subject,Recipient\r\n')
    expect(csv.out.trimEnd().split('\r\n')).toHaveLength(1 + first.copyCount)
    const shop = ['--sender-domain', 'shop.example', '--days', '365']
    expect((await recourse(['queries', 'save', 'Shop', ...shop])).out).toContain(
      'senderDomain = shop.example, the last 365 days',
    )
    expect((await answer('messages', '--saved', 'shop', '--recipient', `bo@${DOMAIN}`)).items).toHaveLength(3)
    const top = await answer(
      'top',
      '--of',
      'sender-domain',
      '--recipient',
      `bo@${DOMAIN}`,
      '--sender-domain',
      'shop.example',
    )
    expect(top.items).toMatchObject([{ value: 'shop.example', copies: 3 }])
  })

  test('takes messages, shows what it does first, and takes it back', async () => {
    const query = ['--query', 'sender-domain=shop.example,recipient=ann@kontor.example']
    expect(await answer('take', 'soft-delete', ...query, '--preview')).toMatchObject({
      selection: { copies: 3 },
      actions: [{ kind: 'soft-delete', copies: 3 }],
      refused: null,
    })
    const taken = await answer('take', 'soft-delete', ...query, '--name', 'Away with it', '--wait')
    expect(taken).toMatchObject({ name: 'Away with it', state: 'completed', counts: { done: 3, verified: 3 } })
    const locations = async () =>
      (await answer('messages', '--recipient', `ann@${DOMAIN}`)).items.map((m: Answer) => m.copies[0].latestLocation)
    expect(await locations()).toEqual(['soft-deleted', 'soft-deleted', 'soft-deleted'])
    const shown = await answer('action', 'show', taken.id, '--items')
    expect(shown.items.map((i: Answer) => i.state)).toEqual(['done', 'done', 'done'])
    expect(await answer('undo', taken.approvalId, '--preview')).toMatchObject({ copies: 3, exact: 3 })
    expect(await answer('undo', taken.id, '--wait')).toMatchObject({
      source: 'cli',
      state: 'completed',
      undoOf: taken.id,
      counts: { verified: 3 },
    })
    expect(await locations()).toEqual(['inbox', 'inbox', 'inbox'])
    const by = ['undo', '--by-person', 'Command line on the server', '--message', shown.items[0].messageId ?? taken.id]
    expect(await answer(...by, '--preview')).toMatchObject({ copies: 0 })
    const why = await recourse(['undo', '--by-signal', 'link-mismatch@1', '--from', '2020-01-01', '--wait'])
    expect(why).toMatchObject({
      code: 1,
      err: expect.stringContaining('Nothing that matches is still to be taken back'),
    })
    expect((await recourse(['undo', '--suspend-cause'])).code).toBe(2)
    expect((await recourse(['undo', '--from', 'yesterday'])).code).toBe(2)
    expect((await answer('actions')).items.map((a: Answer) => a.state)).toEqual(['completed', 'undone'])
    expect((await recourse(['actions'])).out).toMatch(/Away with it +Command line on the server +undone +3\/3/)
  })

  test('suspends a signal and lets it count again; shows and changes the retention', async () => {
    expect((await answer('brake')).items).toEqual([])
    expect((await recourse(['brake'])).out).toBe('No source took too much.\n')
    expect((await recourse(['brake', 'resume', '00000000-0000-7000-8000-000000000000'])).err).toContain(
      'no such notice',
    )
    const made = await answer('signals', 'suspend', 'link-mismatch@2', '--why', 'took newsletters', '--days', '7')
    expect(made).toMatchObject({ signalId: 'link-mismatch', version: 2, state: 'active' })
    expect((await recourse(['signals'])).out).toMatch(/link-mismatch@2 +active/)
    expect((await recourse(['signals', 'suspend', 'link-mismatch@2', '--why', 'x'])).err).toContain('suspended already')
    expect(await answer('signals', 'resume', made.id)).toMatchObject({ state: 'revoked' })
    expect((await answer('signals')).items).toEqual([])
    expect((await answer('signals', '--all')).items).toHaveLength(1)
    expect(await answer('retention')).toMatchObject({ softDeleted: 14, clean: 30, state: { doubt: null } })
    expect(await answer('retention', 'set', 'softDeleted=20', 'quarantine.spam=15')).toMatchObject({
      softDeleted: 20,
      quarantine: { spam: 15, malware: 30 },
    })
    expect((await recourse(['retention', 'set', 'softDeleted=31'])).err).toContain('softDeleted')
    expect((await recourse(['retention', 'set', 'soft'])).code).toBe(2)
    expect((await recourse(['retention', 'confirm'])).err).toContain('not in doubt')
  })

  test('proposes, decides in part and in bulk, from the Action center, with CSV (explorer #92, air #82, #83, #93)', async () => {
    const query = (who: string) => ['--query', `sender-domain=shop.example,recipient=${who}@${DOMAIN}`]
    const [first] = (await answer('messages', '--recipient', `bo@${DOMAIN}`)).items
    const proposed = await answer(
      ...['take', 'soft-delete', ...query('bo'), '--propose', '--name', '=1+1', '--severity', 'low'],
      ...['--block', 'sender=bad@elsewhere.example', '--expires', '7', '--except-message', first.id],
    )
    expect(proposed).toMatchObject({
      state: 'pending-approval',
      actions: [{ copies: 2 }],
      entries: [{ existed: false }],
    })
    const { approvalId } = proposed
    const waiting = await recourse(['actions', '--pending'])
    expect(waiting.out).toMatch(new RegExp(`${approvalId} +.*=1\\+1 .*pending-approval`))
    expect((await recourse(['actions', '--csv', '--approval', approvalId])).out).toContain("'=1+1")
    const shown = await recourse(['take', 'soft-delete', '--from-action', proposed.id, '--targets'])
    expect(shown.out.trimEnd().split('\r\n')).toHaveLength(3)
    const [second] = JSON.parse((await recourse(['action', 'show', proposed.id, '--items', '--json'])).out).items
    expect(await answer('approve', approvalId, '--except-item', second.id, '--why', 'only one')).toMatchObject({
      derived: null,
    })
    expect((await recourse(['approve', approvalId])).err).toMatch(/Nothing with the approval ID/)
    const log = await recourse(['action', 'show', proposed.id, '--csv'])
    expect(log.out).toContain('left out by Command line on the server: only one')
    const more = []
    for (const who of ['bo', 'cy']) more.push(await answer('take', 'move', '--to', 'junk', ...query(who), '--propose'))
    const bulk = await answer('reject', ...more.map((m) => m.approvalId), '--why', 'no')
    expect(bulk.results).toMatchObject([
      { ok: true, state: 'rejected' },
      { ok: true, state: 'rejected' },
    ])
    const wrong = await answer('take', 'hard-delete', '--message', first.id, '--propose')
    const rejected = ['reject', wrong.approvalId, '--false-positive', '--allow', 'sender=news@shop.example']
    expect(await answer(...rejected)).toMatchObject({
      state: 'rejected',
      submissions: 1,
      entries: [{ kind: 'sender' }],
    })
    const two = await answer('take', 'hard-delete', '--message', first.id, '--propose')
    const instead = await answer('approve', two.approvalId, '--instead', 'move', '--to', 'junk')
    expect(instead).toMatchObject({ state: 'rejected', derived: expect.any(String) })
    expect((await answer('action', 'show', instead.derived, '--results')).derivedFrom ?? two.id).toBe(two.id)
    expect((await answer('actions', '--history', '--kind', 'list-entry')).items).toHaveLength(1)
    const key = ['take', '--submit', 'clean', '--message', first.id, '--key', 'once-and-again']
    expect(await answer(...key)).toMatchObject({ repeated: false, submissions: [{}] })
    expect(await answer(...key)).toMatchObject({ repeated: true })
  })

  test('refuses in words what cannot be meant, before anything is touched', async () => {
    for (const [args, says] of [
      [['take', 'fly', '--message', 'x'], /"fly" is no action/],
      [['take', 'move', '--message', 'x'], /Where to move it is not said/],
      [['take', 'quarantine'], /which messages are meant/],
      [['take', '--message', 'x'], /What to do is not said/],
      [['take', '--block', 'fly', '--message', 'x'], /is no entry/],
      [['take', 'quarantine', '--message', 'x', '--except-message', 'y'], /made from a query/],
      [['actions', '--from', 'yesterday'], /is no time/],
      [['take', 'quarantine', '--message', 'x', '--query', 'q=1'], /in one way/],
      [['take', 'quarantine', '--query', 'colour=red'], /is no filter/],
      [['report', 'x'], /Say what was wrong/],
      [['entry', 'add', 'allow', 'colour', 'red'], /is no entry/],
      [['fly'], /unknown command/],
      [['messages', '--fly'], /unknown option/],
    ] as const) {
      const ran = await recourse(args)
      expect(ran, args.join(' ')).toMatchObject({ code: 2, out: '' })
      expect(ran.err).toMatch(says)
    }
    const missing = await recourse(['show', '01a20e3b-0000-7000-8000-000000000000', '--json'])
    expect(missing.code).toBe(1)
    expect(JSON.parse(missing.err).error).toMatchObject({ code: expect.any(String), cure: expect.any(String) })
  })

  test('reports a message and says what can be done now', async () => {
    const [first] = (await answer('messages', '--recipient', `cy@${DOMAIN}`)).items
    const made = await answer(
      'report',
      first.id,
      '--should-have-been-blocked',
      '--threat',
      'phish',
      '--reason',
      'a lure',
    )
    expect(made).toMatchObject({ messageId: first.id, opinion: 'should-have-been-blocked', reason: 'a lure' })
    expect(made.next.map((s: Answer) => s.kind)).toContain('remove')
    expect((await recourse(['report', first.id, '--should-have-been-blocked'])).out).toMatch(/What can be done now/)
    expect((await answer('submissions', '--message', first.id)).items).toHaveLength(2)
    expect((await answer('submissions', '--id', made.id)).items).toMatchObject([{ id: made.id, reason: 'a lure' }])
    expect((await recourse(['submissions', '--as', 'user'])).out).toBe('Nothing was reported.\n')
    expect((await recourse(['submissions', '--opinion', 'should-have-been-blocked'])).out).toMatch(/have been blocked/)
  })

  test('makes, tries, lists and removes entries; their end and their last use in words, each (lesson #54)', async () => {
    const args = ['entry', 'add', 'block', 'url-domain', 'Shop.Example']
    expect(await answer(...args, '--preview')).toMatchObject({ matching: 9 })
    const made = await answer(...args, '--days', '7', '--note', 'enough')
    expect(made).toMatchObject({ action: 'block', value: 'shop.example', note: 'enough' })
    const never = await recourse(['entry', 'add', 'block', 'sender', 'x@never.example', '--days', 'never'])
    expect(never.out).toContain('x@never.example, until: never ends')
    const listed = (await recourse(['entry', 'list'])).out.split('\n')
    const line = (value: string) => listed.find((one) => one.includes(value)) ?? ''
    expect(listed[0]).toMatch(/UNTIL +MATCHES +LAST MATCH/)
    expect(line('shop.example')).toContain(`${made.expiresAt.slice(0, 19).replace('T', ' ')}`)
    expect(line('shop.example')).not.toContain('never')
    for (const value of ['shop.example', 'x@never.example']) expect(line(value)).toContain('none yet')
    expect(line('x@never.example')).toContain('never ends')
    await answer('entry', 'remove', made.id)
    const active: Answer[] = (await answer('entry', 'list', '--state', 'active')).items
    expect(active.map((e) => e.id)).not.toContain(made.id)
  })

  test('several entries in one command: a result for each, removed together; the list by text, end and use', async () => {
    const several = ['entry', 'add', 'block', 'sender', 'm1@many.example', 'no address', 'm2@many.example']
    const added = await recourse(several)
    expect([added.code, added.out.split('\n').filter((l) => l.includes('Not done'))]).toEqual([
      1,
      [expect.stringContaining('no address')],
    ])
    const many: Answer[] = (await answer('entry', 'list', '--text', 'many.example', '--kind', 'sender')).items
    expect(many.map((e) => [e.value, e.overrides])).toEqual([
      ['m2@many.example', 'Up to malware'],
      ['m1@many.example', 'Up to malware'],
    ])
    await answer('entry', 'remove', ...many.map((e) => e.id))
    expect((await answer('entry', 'list', '--text', 'many.example', '--unused-since', '2026-01-01')).items).toEqual([])
    expect((await recourse(['entry', 'list', '--ends-before', 'soon'])).code).toBe(2)
  })

  test('lets people in with a password from standard input, and makes and revokes tokens', async () => {
    const added = await recourse(['users', 'add', `ann@${DOMAIN}`, '--name', 'Ann', '--role', 'reader', '--json'], {
      input: 'a long enough password\n',
    })
    expect(JSON.parse(added.out)).toMatchObject({ email: `ann@${DOMAIN}`, role: 'reader' })
    const made = await answer('token', 'create', 'reader', '--permissions', 'mail.read')
    const env = { RECOURSE_URL: server.url, RECOURSE_TOKEN: String(made.token), RECOURSE_DATA_DIR: work }
    expect((await recourse(['messages'], { env })).code).toBe(0)
    const refused = await recourse(['org', 'show'], { env })
    expect(refused.code).toBe(1)
    expect(refused.err).toMatch(/needs the permission settings\.read/)
    await answer('token', 'revoke', made.id)
    expect((await recourse(['messages'], { env })).err).toMatch(/Nobody is signed in/)
    expect((await recourse(['token', 'list'])).out).not.toContain(made.token)
  })

  test('proves the audit log', async () => {
    const proof = await answer('audit', 'verify')
    expect(proof).toMatchObject({ ok: true, problems: [] })
    expect(await answer('audit', 'verify', '--head', `${proof.head.seq}:${proof.head.hash}`)).toMatchObject({
      ok: true,
    })
    const other = await recourse(['audit', 'verify', '--head', `${proof.head.seq}:${'0'.repeat(64)}`])
    expect(other.code).toBe(1)
    expect(other.out).toMatch(/the chain was rewritten/)
  })

  test('explains every setting, and never shows a secret', async () => {
    const env = { DATABASE_URL: 'postgres://u:hunter22@db/x', RECOURSE_DATA_DIR: work }
    const ran = await recourse(['config', '--json'], { env })
    expect(ran.out).not.toContain('hunter22')
    const settings: Answer[] = JSON.parse(ran.out)
    expect(settings.find((s) => s.name === 'database.url')).toMatchObject({
      value: 'postgres://u:…@db/x',
      origin: 'environment DATABASE_URL',
    })
    for (const s of settings)
      expect(s, s.name).toMatchObject({
        env: expect.stringMatching(/^RECOURSE_/),
        allowed: expect.stringMatching(/./),
        description: expect.any(String),
      })
    const wrong = await recourse(['serve'], {
      env: { RECOURSE_HTTP_PORT: 'eighty', RECOURSE_HTPP_HOST: 'x', RECOURSE_DATA_DIR: work },
    })
    expect(wrong.code).toBe(1)
    expect(wrong.err).toMatch(/http\.port = "eighty" .*must be a whole number from 0 to 65535/)
    expect(wrong.err).toMatch(/RECOURSE_HTPP_HOST .*did you mean RECOURSE_HTTP_HOST/)
  })

  test('of two copies left in doubt keeps one, after a preview; the second to decide is told who was first', async () => {
    writeFileSync(join(work, 'twice.eml'), mail(77, 'cy', 'both of them'))
    await answer('import', join(work, 'twice.eml'))
    const { items } = await answer('messages', '--recipient', `cy@${DOMAIN}`)
    const { id } = items.find((m: Answer) => m.subject === 'Offer 77')
    const moved = await answer('take', 'move', '--to', 'junk', '--message', id, '--wait')
    expect(moved).toMatchObject({ state: 'completed', counts: { done: 1 } })
    expect((await recourse(['action', 'keep', moved.id, 'Junk'])).err).toContain('No two copies were left in doubt')
    const item = await leaveInDoubt(server, moved.id, 'both of them')
    const plan = await answer('action', 'keep', moved.approvalId, 'Junk', '--preview')
    expect(plan).toMatchObject({ keeps: { folder: 'Junk' }, removes: { folder: 'INBOX' }, decided: null })
    const preview = await recourse(['action', 'keep', moved.id, 'Junk', '--preview'])
    expect(preview.out).toMatch(
      /Stays +Junk[\s\S]*Is removed +INBOX[\s\S]*Approval +none is needed[\s\S]*Decided +not yet/,
    )
    expect((await recourse(['action', 'keep', moved.id, 'Sent'])).err).toContain('Choose INBOX or Junk.')
    const copies = () => maildirCopies(server.mail).filter((c) => c.text.includes('both of them'))
    expect(
      copies()
        .map((c) => c.folder)
        .sort(),
    ).toEqual(['.Junk', 'INBOX'])
    const kept = await answer('action', 'keep', moved.id, 'Junk', '--item', item, '--wait')
    expect(kept).toMatchObject({ state: 'completed', counts: { done: 1, verified: 1 } })
    expect(copies().filter((c) => c.folder === '.Junk')).toHaveLength(1)
    expect(copies().filter((c) => c.folder === 'INBOX')).toEqual([])
    expect((await recourse(['action', 'keep', moved.id, 'INBOX'])).err).toMatch(/was first: the copy in Junk stays/)
    expect((await recourse(['action', 'show', moved.id, '--items'])).out).toMatch(/ambiguous.*: Junk stays/)
    await answer('undo', kept.id, '--wait')
    expect(
      copies()
        .map((c) => c.folder)
        .sort(),
    ).toEqual(['.Junk', 'INBOX'])
  })

  test('says where the server is looked for when there is none', async () => {
    const ran = await recourse(['messages'], { env: { RECOURSE_DATA_DIR: work } })
    expect(ran).toMatchObject({ code: 1 })
    expect(ran.err).toMatch(/No server runs on the data directory .*\n.*recourse serve/)
    const dead = await recourse(['messages'], { env: { RECOURSE_URL: 'http://127.0.0.1:9', RECOURSE_TOKEN: 'x' } })
    expect(dead.err).toMatch(/127\.0\.0\.1:9 cannot be reached/)
  })
})

test('what mail says cannot steer the terminal', () => {
  expect(plain('a\u001b[31mred\u001b]0;title\u0007 b\r\nc\u202ed')).toBe('ared b  c d')
  expect(plain('x\u009by\u061cz\u2028.')).not.toMatch(/[\u0080-\u009f\u061c\u2028]/)
  const json = jsonText({ subject: 'a\u009b31m\u202eb', emoji: '😀 é' })
  expect(json).toBe('{"subject":"a\\u009b31m\\u202eb","emoji":"😀 é"}')
  expect(JSON.parse(json).subject).toBe('a\u009b31m\u202eb')
  expect(plain(null)).toBe('–')
})

test('a server that is told to stop ends in order and keeps what it has', async () => {
  const file = readFileSync(join(server.dir, 'server.json'), 'utf8')
  const { pid } = JSON.parse(file)
  process.kill(pid, 'SIGTERM')
  await expect.poll(() => alive(pid), { interval: 200 }).toBe(false)
  const log = readFileSync(join(server.dir, 'server.log'), 'utf8')
  expect(log).toMatch(/"msg":"stopped"/)
  expect(log).not.toMatch(/"level":"(error|fatal)"/)
  expect(log).not.toContain(server.token)
  expect((await recourse(['messages'])).err).toMatch(/No server runs/)
})

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    // A child that has ended but was not waited for is a zombie.
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')
  } catch {
    return false
  }
}
