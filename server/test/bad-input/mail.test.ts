// Mail that is broken, hostile, huge, doubled or out of time, through the gateway and the import of the real server.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { unprivileged } from '../rig/account.ts'
import { corpusFiles } from '../rig/corpus.ts'
import { type MaildirCopy, maildirCopies } from '../rig/maildir-state.ts'
import { sendAsMta } from '../rig/mta.ts'
import { type TestStorage, testStorage } from '../rig/storage.ts'
import { addressOf, allMessages, crlf, mail, organise, type Row } from './company.ts'
import { drop, eventually, own, ownDir, type Served, serve } from './serve.ts'

const CLI = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

let t: TestStorage
let server: Served
const dir = ownDir()

beforeAll(async () => {
  t = await testStorage()
  const gateway = { RECOURSE_GATEWAY_LMTP_PORT: '0', RECOURSE_GATEWAY_SMTP_PORT: '0' }
  const limits = { RECOURSE_GATEWAY_XFORWARD: '127.0.0.1', RECOURSE_PARSER_DEADLINE_MS: '3000' }
  server = await serve({ dir, env: { DATABASE_URL: t.url, ...gateway, ...limits } })
  await organise(server)
})
afterAll(async () => {
  await server?.stop()
  await t?.close()
  drop(dir)
})

const copiesOf = (name: string): MaildirCopy[] => maildirCopies(join(dir, 'mail')).filter((c) => c.mailbox === name)
let idents = 0
const send = async (raw: Buffer, options: { to?: string; ident?: string; protocol?: 'lmtp' | 'smtp' } = {}) => {
  const { to = 'ann', ident = `Q${++idents}`, protocol = 'lmtp' } = options
  const port = server.ports[protocol === 'lmtp' ? 0 : 1] ?? 0
  const [said = null] = await sendAsMta(port, {
    mailFrom: 'sender@out.example',
    recipients: [addressOf(to)],
    raw,
    ident,
    protocol,
  })
  return said
}

/** Messages that a sloppy or wicked program makes. */
function generated(): readonly (readonly [string, Buffer])[] {
  const head = 'From: a@out.example\r\nTo: ann@kontor.example\r\n'
  const noise = Buffer.from(Array.from({ length: 20_000 }, (_, i) => (i * 7919 + (i >> 3)) & 0xff))
  const boundary = (n: number) => `--b\r\n\r\n${n}\r\n`
  const nested = (depth: number): string =>
    Array.from({ length: depth }, (_, i) => `Content-Type: multipart/mixed; boundary=b${i}\r\n\r\n--b${i}\r\n`).join('')
  const part = `Content-Type: multipart/mixed; boundary=b\r\n\r\n`
  return [
    ['empty', Buffer.from('\r\n')],
    ['no header at all', Buffer.from('\r\njust text\r\n')],
    ['headers without a body', Buffer.from(head)],
    ['one colon', Buffer.from(':\r\n')],
    ['bytes without any sense', crlf(noise)],
    ['NUL everywhere', Buffer.from(`${head}Subject: \0\0\r\n\r\n${'\0'.repeat(2000)}\r\n`)],
    ['a header of 2 MB', Buffer.from(`${head}Subject: ${'x'.repeat(2_000_000)}\r\n\r\nx\r\n`)],
    ['a folded header of 3 MB', Buffer.from(`${head}X-Long: ${'x\r\n '.repeat(700_000)}\r\n\r\nx\r\n`)],
    [
      '60,000 parts',
      Buffer.from(`${head}${part}${Array.from({ length: 60_000 }, (_, i) => boundary(i)).join('')}--b--\r\n`),
    ],
    ['800 levels', Buffer.from(`${head}${nested(800)}`)],
    [
      'cut in its base64',
      Buffer.from(
        `${head}${part}--b\r\nContent-Type: application/zip\r\nContent-Transfer-Encoding: base64\r\n\r\nUEsDBBQAAAAIA`.concat(
          '\r\n',
        ),
      ),
    ],
    [
      'a charset of its own',
      Buffer.from(
        `${head}Subject: =?x-none?B?/////w==?= =?utf-8?Q?=FF=FE?=\r\nContent-Type: text/plain; charset=x-none\r\n\r\n\xff\r\n`,
        'latin1',
      ),
    ],
    ['dots', Buffer.from(`${head}\r\n.\r\n..\r\n.hidden\r\nX: y\r\n`)],
    ['several Froms', Buffer.from(`From: a@x.example\r\nFrom: b@y.example\r\n${head}\r\nx\r\n`)],
    ['half a pair', Buffer.from(`${head}Subject: =?utf-16be?B?2AA=?=\r\nMessage-ID: <\ud800@x>\r\n\r\nx\r\n`)],
  ]
}

describe('hostile and truncated mail', () => {
  test('whatever is answered 250 lies in its place, whole, exactly once; nothing else is answered but a reason', async () => {
    const torture = corpusFiles('mime-torture').filter((_, i) => i % 9 === 0)
    const cut = torture.slice(0, 20).map((file) => {
      const raw = readFileSync(file)
      return [`${file} cut`, crlf(raw.subarray(0, Math.floor(raw.length * 0.6)))] as const
    })
    const all = [...generated(), ...torture.map((file) => [file, crlf(readFileSync(file))] as const), ...cut]
    const taken = new Map<string, string>()
    for (let i = 0; i < all.length; i += 4)
      await Promise.all(
        all.slice(i, i + 4).map(async ([what, raw]) => {
          const said = await send(raw, { to: 'ann' })
          if (said?.startsWith('250')) taken.set(sha256(raw), what)
          else expect(said, what).toMatch(/^55[04] 5\.\d\.\d \S/)
        }),
      )
    expect(taken.size).toBeGreaterThan(generated().length - 2)
    const known = (await allMessages(server)).filter((m) => m.copies[0]?.recipient === addressOf('ann'))
    const raws = new Map<string, Row>()
    for (const message of known) {
      const raw = await server.ask('GET', `/api/v1/messages/${message.id}`)
      raws.set((raw.json as { sha256: string }).sha256, message)
    }
    for (const [hash, what] of taken) expect(raws.has(hash), what).toBe(true)
    const copies = copiesOf('ann')
    for (const message of known) {
      const here = copies.filter((c) => c.text.includes(`X-Recourse-Message-Id: ${message.id}`))
      const held = message.copies[0]?.latestLocation === 'quarantine'
      expect(here.length, `${message.subject} ${message.copies[0]?.latestLocation}`).toBe(held ? 0 : 1)
    }
    for (const name of ['60,000 parts', '800 levels']) {
      const hash = [...taken].find(([, what]) => what === name)?.[0] ?? ''
      const { json } = await server.ask('GET', `/api/v1/messages/${raws.get(hash)?.id}`)
      expect(json, name).toMatchObject({ parseState: 'unparsable', parseError: expect.stringMatching(/\w+ \w+/) })
    }
    // Nobody else waits for it: the next ordinary message goes through at once.
    expect(await send(mail('after the flood'), { to: 'ben' })).toMatch(/^250/)
    expect(copiesOf('ben').filter((c) => c.text.includes('after the flood'))).toHaveLength(1)
  })

  test('60 MB come through whole while small ones pass; 70 MB are refused before they are sent', async () => {
    const line = `${Buffer.alloc(57, 'attachment').toString('base64')}\r\n`
    const big = mail(
      'sixty',
      `--b\r\nContent-Type: text/plain\r\n\r\nSee the plan.\r\n--b\r\nContent-Type: application/pdf; name="plan.pdf"\r\nContent-Transfer-Encoding: base64\r\n\r\n${line.repeat(60_000_000 / line.length)}--b--\r\n`,
      'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n',
    )
    const sent = send(big, { to: 'cid' })
    for (let i = 0; i < 5; i++) expect(await send(mail(`small ${i}`), { to: 'ben' })).toMatch(/^250/)
    expect(await sent).toMatch(/^250/)
    const row = (await allMessages(server)).find((r) => r.subject === 'sixty')
    const detail = await server.call('GET', `/messages/${row?.id}`)
    expect(detail).toMatchObject({ parseState: 'parsed', copies: [{ latestLocation: 'inbox' }] })
    const copy = copiesOf('cid').find((c) => c.text.includes('Subject: sixty'))
    expect(copy && sha256(Buffer.from(copy.text.slice(copy.text.indexOf('From: Sender')), 'latin1'))).toBe(sha256(big))
    expect(await send(Buffer.alloc(70_000_000, line))).toMatch(/^552 5\.3\.4 .*larger/)
  })
})

describe('the same again', () => {
  const holding = (name: string, text: string) => copiesOf(name).filter((c) => c.text.includes(text))

  test('the same attempt by LMTP and SMTP: one copy, however often and at once; another attempt is another message', async () => {
    for (const protocol of ['lmtp', 'smtp'] as const) {
      const raw = mail(`again by ${protocol}`)
      const same = { to: 'ben', ident: `again-${protocol}`, protocol }
      const said = [await send(raw, same), await send(raw, same)]
      said.push(...(await Promise.all([1, 2, 3].map(() => send(raw, same)))))
      for (const one of said) expect(one).toMatch(/^250/)
      expect(holding('ben', `again by ${protocol}`)).toHaveLength(1)
      expect(await send(raw, { ...same, ident: `other-${protocol}` })).toMatch(/^250/)
      expect(holding('ben', `again by ${protocol}`)).toHaveLength(2)
    }
  })

  test('the same import twice, with files that cannot be read among them: counted, named, doubled never', async () => {
    const from = join(dir, 'import')
    mkdirSync(join(from, 'closed'), { recursive: true })
    for (const n of [1, 2, 3]) writeFileSync(join(from, `${n}.eml`), mail(`imported ${n}`))
    writeFileSync(join(from, 'empty.eml'), '')
    writeFileSync(join(from, 'secret.eml'), mail('secret'))
    for (const name of ['', 'closed', '1.eml', '2.eml', '3.eml', 'empty.eml', 'secret.eml']) own(join(from, name))
    chmodSync(join(from, 'secret.eml'), 0)
    chmodSync(join(from, 'closed'), 0)
    const first = await cli('import', from, '--recipient', addressOf('cid'), '--json')
    expect(first.code).toBe(1)
    expect(first.json).toMatchObject({ imported: 3, failed: 3 })
    const problems = (first.json as { problems: { id: string; why: string }[] }).problems
    const why = (name: string) => problems.find((p) => p.id.endsWith(name))?.why
    expect(why('/secret.eml')).toMatch(/may not be read by this account: change its permissions/)
    expect(why('/closed')).toMatch(/may not be read by this account/)
    expect(why('/empty.eml')).toBe('is empty')
    expect((await cli('import', from, '--recipient', addressOf('cid'), '--json')).json).toMatchObject({
      imported: 0,
      skipped: 3,
    })
    const anew = await cli('import', from, '--recipient', addressOf('cid'), '--json', '--no-journal')
    expect(anew.json).toMatchObject({ imported: 0, duplicates: 3 })
    for (const n of [1, 2, 3]) expect(holding('cid', `imported ${n}`)).toHaveLength(1)
    const missing = await cli('import', join(from, 'none'), '--json')
    expect(missing.code).toBe(1)
    expect(missing.json).toMatchObject({ problems: [{ id: join(from, 'none'), why: 'does not exist' }] })
    const stranger = await cli(
      'import',
      join(from, '1.eml'),
      '--recipient',
      'x@elsewhere.example',
      '--json',
      '--no-journal',
    )
    expect(JSON.stringify(stranger.json)).toContain('x@elsewhere.example')
  })

  test('an imported folder whose name is too long is named with the limit, and the others come in', async () => {
    const from = join(dir, 'Maildir')
    for (const sub of ['cur', 'new']) mkdirSync(join(from, sub), { recursive: true })
    for (const folder of [`.${'long.'.repeat(45)}1`, '.Gr&APYA3w-e']) {
      for (const sub of ['cur', 'new']) mkdirSync(join(from, folder, sub), { recursive: true })
      writeFileSync(join(from, folder, 'cur', '1:2,S'), mail(`in ${folder.slice(0, 5)}`))
    }
    const { code, json } = await cli('import', from, '--recipient', addressOf('cid'), '--json')
    expect(json).toMatchObject({ imported: 1, failed: 1, problems: [{ why: expect.any(String) }] })
    expect(JSON.stringify(json)).toMatch(/no folder can be called .*long\/long.* 227 bytes, and can have 200/)
    expect(code).toBe(1)
    expect(holding('cid', 'in .Gr&A')).toMatchObject([{ folder: '.Gr&APYA3w-e' }])
    expect(holding('cid', 'in .long')).toEqual([])
  })
})

test('messages of 1970 and 2099, and dates that are none: taken, found by their time, moved and brought back', async () => {
  const dates = [
    'Thu, 1 Jan 1970 00:00:00 +0000',
    'Wed, 31 Dec 2099 23:59:59 +0000',
    'Mon, 1 Jan 0001 00:00:00 +0000',
    'yesterday',
    'Fri, 31 Dec 99999 00:00:00 +0000',
  ]
  for (const [i, date] of dates.entries()) {
    const raw = mail(`dated ${i}`, 'x\r\n', `Date: ${date}\r\n`)
    expect(await send(raw, { to: 'cid' }), date).toMatch(/^250/)
    const { status, text } = await server.ask('POST', `/api/v1/import?recipient=${addressOf('cid')}`, {
      body: mail(`old ${i}`, 'x\r\n', `Date: ${date}\r\n`),
      type: 'message/rfc822',
    })
    expect(status, `${date} ${text}`).toBe(200)
  }
  const rows = await allMessages(server, `&recipient=${addressOf('cid')}`)
  const at = (subject: string) => rows.find((r) => r.subject === subject)?.receivedAt ?? ''
  // A year that no mail can have is somebody's broken clock.
  for (const i of [0, 3, 4]) expect(Math.abs(Date.parse(at(`old ${i}`)) - Date.now())).toBeLessThan(600_000)
  // The gateway's clock says when mail came, not its sender.
  for (const i of dates.keys()) expect(Math.abs(Date.parse(at(`dated ${i}`)) - Date.now())).toBeLessThan(600_000)
  expect(rows.filter((r) => /^(old|dated) \d$/.test(r.subject))).toHaveLength(2 * dates.length)

  // By hash: a difference in 60 MB of text would take minutes to be shown.
  const state = () => copiesOf('cid').map(({ text: _, ...rest }) => rest)
  const before = state()
  const ids = rows.filter((r) => /^(old|dated) \d$/.test(r.subject)).map((r) => r.id)
  const action = await server.call('POST', '/actions', { kind: 'soft-delete', select: { messageIds: ids } })
  await ends(action, 'completed')
  expect(copiesOf('cid').filter((c) => c.folder === 'INBOX' && /^Subject: (old|dated) \d\r$/m.test(c.text))).toEqual([])
  await ends(await server.call('POST', `/actions/${idOf(action)}/undo`, { folderGone: 'recreate' }), 'completed')
  expect(state()).toEqual(before)
})

const idOf = (value: unknown): string => (value as { id: string }).id

async function ends(action: unknown, state: string): Promise<void> {
  const id = idOf(action)
  const look = async () => ({
    action: (await server.call('GET', `/actions/${id}`)) as { state: string },
    items: await server.call('GET', `/actions/${id}/items`),
  })
  await eventually(look, (got) => got.action.state === state)
}

function cli(...words: string[]): Promise<{ code: number; json: unknown }> {
  const account = unprivileged()
  return new Promise((done) => {
    execFile(
      process.execPath,
      [CLI, ...words],
      {
        cwd: dir,
        env: { PATH: process.env['PATH'], HOME: dir, RECOURSE_DATA_DIR: dir },
        ...(account ? { uid: account.uid, gid: account.gid } : {}),
      },
      (error, stdout, stderr) => {
        expect(stderr).not.toMatch(/^\s+at .*:\d+:\d+/m)
        const text = stdout.trim() === '' ? stderr : stdout
        done({ code: error ? Number(error.code) : 0, json: text.trim() === '' ? null : JSON.parse(text) })
      },
    )
  })
}
