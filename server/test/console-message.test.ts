// The email entity page on a mailbox that Dovecot holds: what was found inside, what did not count, and the way back, read over IMAP.
import { createHash } from 'node:crypto'
import { chownSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { TextReader, Uint8ArrayWriter, ZipWriter } from '@zip.js/zip.js'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { unprivileged } from './rig/account.ts'
import { focusIsVisible, openBrowser, overflow, tabTo, violations, watchedPage } from './rig/browser.ts'
import { copyConsole, shot } from './rig/console-build.ts'
import { settled, setUp, signIn, takeAction } from './rig/console-steps.ts'
import { type Dovecot, startDovecot } from './rig/dovecot.ts'
import { mailboxTruth } from './rig/mail-truth.ts'
import { sendAsMta } from './rig/mta.ts'
import { freePort } from './rig/ports.ts'
import { RawImap } from './rig/raw-imap.ts'
import { type RunningServer, runServer } from './rig/running.ts'

const ANN = 'ann@alder.example'

let built: string
let dovecot: Dovecot
let server: RunningServer
let browser: Browser
let client: RawImap
let lmtp: number

async function fine(page: Page, name: string): Promise<void> {
  await settled(page)
  await shot(page, name)
  expect({ name, found: await violations(page) }).toEqual({ name, found: [] })
  expect({ name, overflow: await overflow(page) }).toEqual({ name, overflow: 0 })
}

type Json = Readonly<Record<string, unknown>>
interface Detail {
  readonly id: string
  readonly source: string
  readonly signals: readonly { readonly id: string; readonly weight: number; readonly summary: string }[]
  readonly verdict: { readonly suspended?: readonly { readonly id: string }[]; readonly score: number }
}

const PAGE = `<html><body><form action="https://collect.example/go" method="post">
<input name="mail" value="${ANN}"><input type="password" name="p"></form>
<script>document.write(atob("${Buffer.from('x'.repeat(900)).toString('base64')}"))</script></body></html>`
const INVITE = [
  ...['BEGIN:VCALENDAR', 'VERSION:2.0', 'METHOD:REQUEST', 'BEGIN:VEVENT', 'UID:1@x', 'DTSTART:20270101T100000Z'],
  ...['SUMMARY:Confirm your account', 'ORGANIZER:mailto:desk@collect.example', 'END:VEVENT', 'END:VCALENDAR', ''],
].join('\r\n')
const HTML = `<p>Please look at the files.</p><p style="font-size:0">${'white herons over the quiet weir '.repeat(12)}</p>
<p><a href="https://collect.example/a">Files</a> <img src="https://count.example/p.gif" width="1" height="1"></p>`

const README = 'nothing to see'

async function zip(): Promise<Buffer> {
  const writer = new ZipWriter(new Uint8ArrayWriter())
  await writer.add('invoice.pdf.exe', new TextReader(`MZ${'\0'.repeat(200)}`))
  await writer.add('read\u202eme.txt', new TextReader(README))
  return Buffer.from(await writer.close())
}

/** A letter with an archive, a web page and an invitation, and text that no reader sees. */
async function letter(subject: string): Promise<Buffer> {
  const part = (type: string, name: string, bytes: Buffer) =>
    `--b\r\nContent-Type: ${type}; name="${name}"\r\nContent-Disposition: attachment; filename="${name}"\r\nContent-Transfer-Encoding: base64\r\n\r\n${bytes.toString('base64').replace(/.{76}/g, '$&\r\n')}\r\n`
  return Buffer.from(
    [
      `From: Desk <desk@collect.example>\r\nTo: ${ANN}\r\nSubject: ${subject}\r\nMessage-ID: <${subject.replaceAll(' ', '.')}@collect.example>\r\n`,
      'Date: Tue, 03 Nov 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n',
      `--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n${HTML}\r\n`,
      part('application/zip', 'files.zip', await zip()),
      part('text/html', 'open.html', Buffer.from(PAGE)),
      part('text/calendar', 'invite.ics', Buffer.from(INVITE)),
      '--b--\r\n',
    ].join(''),
  )
}

const detail = async (id: string) => (await server.call('GET', `/messages/${id}`)) as Detail

/** Laid into the Inbox past us; found there by the watch. */
async function found(subject: string): Promise<Detail> {
  await client.ok('APPEND INBOX (\\Seen \\Flagged $Work) "03-Nov-2026 11:22:33 +0100" {}', await letter(subject))
  const ask = async () => {
    const { items } = (await server.call('GET', `/messages?q=${encodeURIComponent(subject)}`)) as { items: Json[] }
    return items[0] ? detail(String(items[0]['id'])) : null
  }
  await expect.poll(ask, { interval: 300 }).not.toBeNull()
  return (await ask()) ?? expect.fail(`${subject} is not there`)
}

/** As docs/gateway.md gives it to operators: what the gate judged to be junk goes to Junk. */
function fileJunk(): void {
  const home = join(dovecot.dir, 'mail', ANN)
  const rule = join(home, '.dovecot.sieve')
  mkdirSync(home, { recursive: true })
  writeFileSync(
    rule,
    'require ["fileinto", "mailbox"];\nif header :is "X-Recourse-Placement" "junk" { fileinto :create "Junk"; }\n',
  )
  const account = unprivileged()
  if (account) for (const path of [home, rule]) chownSync(path, account.uid, account.gid)
}

async function arrives(subject: string, from: string, text: string): Promise<void> {
  const raw = Buffer.from(
    `From: ${from}\r\nTo: ${ANN}\r\nSubject: ${subject}\r\nMessage-ID: <${subject.replaceAll(' ', '.')}@mta>\r\n\r\n${text}\r\n`,
  )
  const said = await sendAsMta(lmtp, { mailFrom: from, recipients: [ANN], raw, ident: subject })
  expect(said).toEqual([expect.stringMatching(/^250/)])
}

const places = async (): Promise<string[]> => {
  const out = await dovecot.doveadm('fetch', '-u', ANN, 'mailbox', 'HEADER', 'Message-ID', '@mta>')
  return [...out.matchAll(/mailbox: (.+)/g)].map((m) => m[1] ?? '').sort()
}

describe('the email entity page', () => {
  beforeAll(async () => {
    built = copyConsole()
    dovecot = await startDovecot({ fsync: false })
    const { imapPort, lmtpPort, master } = dovecot
    lmtp = await freePort()
    fileJunk()
    const config = {
      mailboxes: {
        kind: 'imap',
        host: '127.0.0.1',
        port: imapPort,
        secure: false,
        auth: { type: 'master', ...master },
      },
      gateway: { lmtp: { port: lmtp }, nextHop: { kind: 'lmtp', host: '127.0.0.1', port: lmtpPort } },
      watch: { enabled: true, pollSeconds: 2, listeners: 10 },
    }
    const file = join(dovecot.dir, 'recourse.json')
    writeFileSync(file, JSON.stringify(config), { mode: 0o644 })
    server = await runServer({ RECOURSE_CONFIG: file, RECOURSE_HTTP_CONSOLE_DIR: built })
    client = await RawImap.open(imapPort, ANN)
    browser = await openBrowser()
    await setUp(server)
    await server.call('PUT', '/organisation', { domains: ['alder.example'], mailboxes: [{ address: ANN }] })
    await server.call('PUT', '/policy', { mode: 'observe' })
  })

  afterAll(async () => {
    client?.close()
    await browser?.close()
    await server?.stop()
    await dovecot?.stop()
    rmSync(built, { recursive: true, force: true })
  })

  test('found in a mailbox: members of archives, pages and invitations, how it is made', async () => {
    const message = await found('Files for Ann')
    expect(message.source).toBe('mailbox')
    for (const [scheme, width] of [
      ['light', 1366],
      ['dark', 360],
    ] as const) {
      const { page, context, problems, strays } = await watchedPage(browser, server.url, { scheme, width, height: 800 })
      await signIn(page)
      await page.goto(`/messages/${message.id}`)
      await page.getByText('Found in a mailbox').waitFor()
      await page.getByText(/^3\d\d characters of \d+: font of no size/).waitFor()
      await page.getByText(/^“white herons over the quiet weir/).waitFor()
      await fine(page, `made-${scheme}-${width}`)
      await page.getByRole('heading', { name: 'How it is made' }).scrollIntoViewIfNeeded()
      await shot(page, `made-2-${scheme}-${width}`)
      await page.getByRole('tab', { name: 'Attachments (3)' }).click()
      const members = page.getByRole('region', { name: 'Members of files.zip' })
      await members.getByText('invoice.pdf.exe').waitFor()
      // What reorders text is named, inside archives too.
      await members.getByText('read[RLO]me.txt').waitFor()
      // By its hash a file is found wherever it lies.
      const hash = createHash('sha256').update(README).digest('hex')
      await fine(page, `members-${scheme}-${width}`)
      const link = members.getByRole('link', { name: hash })
      expect(await link.getAttribute('href')).toBe(`/explorer?fileHash=${hash}`)
      const { items } = (await server.call('GET', `/messages?fileHash=${hash}`)) as { items: { id: string }[] }
      expect(items.map((m) => m.id)).toEqual([message.id])
      const web = page.getByRole('region', { name: 'Web page' })
      await web.getByText('to collect[.]example, asks for a password').waitFor()
      await web.getByText('Password fields').waitFor()
      const invitation = page.getByRole('region', { name: 'Invitation' })
      await invitation.getByText('Confirm your account').waitFor()
      await fine(page, `inside-${scheme}-${width}`)
      await page.getByRole('heading', { name: 'Inside open.html' }).scrollIntoViewIfNeeded()
      await shot(page, `inside-2-${scheme}-${width}`)
      expect(problems).toEqual([])
      expect(strays).toEqual([])
      await context.close()
    }
  })

  test('a suspended signal is noted, and does not count', async () => {
    const [first] = (await found('Files once more')).signals.toSorted((a, b) => b.weight - a.weight)
    if (!first) expect.fail('nothing was found')
    await server.call('POST', '/signals/suspended', { signalId: first.id, version: null, why: 'a test' })
    const message = await found('Files while suspended')
    expect(message.verdict.suspended?.map((s) => s.id)).toContain(first.id)
    const { page, context, problems } = await watchedPage(browser, server.url)
    await signIn(page)
    await page.goto(`/messages/${message.id}`)
    const off = page.getByRole('listitem').filter({ hasText: 'Suspended: noted, not counted' })
    await off.first().waitFor()
    expect(await off.count()).toBe(message.verdict.suspended?.length)
    await off
      .getByText(new RegExp(`${first.id} v\\d`))
      .first()
      .waitFor()
    await off.first().scrollIntoViewIfNeeded()
    await fine(page, 'suspended')
    expect(problems).toEqual([])
    await context.close()
  })

  test('undo on the page of a message, by keyboard: the mailbox is as it was, flags and date too', async () => {
    const message = await found('Files to and fro')
    const before = await mailboxTruth(dovecot.imapPort, ANN)
    const { page, context, problems } = await watchedPage(browser, server.url)
    await signIn(page)
    await page.goto(`/messages/${message.id}`)
    await takeAction(page, /^Soft deleted items/)
    await page.getByText(/1 of 1 copy ended, 1 verified in the mailbox/).waitFor()
    expect(await mailboxTruth(dovecot.imapPort, ANN)).toHaveLength(before.length - 1)
    await page.goto(`/messages/${message.id}`)
    await page.getByRole('button', { name: 'Undo', exact: true }).waitFor()
    await tabTo(page, 'button', 'Undo')
    expect(await focusIsVisible(page)).toBe(true)
    await page.keyboard.press('Enter')
    await page.getByText('1 copy goes back to 1 mailbox.').waitFor()
    await fine(page, 'undo')
    await tabTo(page, 'button', 'Undo all of it')
    await page.keyboard.press('Enter')
    await page.getByText(/1 of 1 copy ended, 1 verified in the mailbox/).waitFor()
    expect(await mailboxTruth(dovecot.imapPort, ANN)).toEqual(before)
    await page.goto(`/messages/${message.id}?tab=recipients`)
    await page.getByRole('row', { name: /ann@alder\.example.*Inbox/ }).waitFor()
    expect(problems).toEqual([])
    await context.close()
  })

  test('undo by cause offers what the gate did by itself: junked and held mail goes to the Inbox with it', async () => {
    await server.call('PUT', '/policy', { mode: 'standard', thresholds: { suspicious: 1, high: 1000 } })
    const offer = 'Casino bonus: free spins and a jackpot wait. Play slots, bet and win real cash at our online casino.'
    const before = await places()
    await arrives('Win at the casino', 'play@slots.example', offer)
    await server.call('POST', '/entries', { action: 'block', kind: 'sender', value: 'boss@slots.example' })
    await arrives('From the boss', 'boss@slots.example', offer)
    expect(await places()).toEqual([...before, 'Junk'])
    const { page, context, problems } = await watchedPage(browser, server.url, { width: 360, height: 740 })
    await signIn(page)
    await page.goto('/action-center')
    await page.getByRole('button', { name: 'Undo by cause' }).click()
    await page.getByLabel('Signal').fill('spam-content')
    await page.getByRole('button', { name: 'Preview' }).click()
    await page.getByText('No action has taken anything that can be given back.').waitFor()
    const yes = page.getByRole('button', { name: 'Undo all of it' })
    expect(await yes.isDisabled()).toBe(true)
    const box = page.getByRole('checkbox', {
      name: 'Also into the inboxes what the gate did by itself: 1 copy kept in quarantine and 1 copy put into Junk',
    })
    await tabTo(page, 'checkbox', /^Also into the inboxes/)
    await page.keyboard.press('Space')
    expect(await box.isChecked()).toBe(true)
    await fine(page, 'gate-360')
    await yes.click()
    await page.getByText(/of \d cop(y|ies) ended/).waitFor()
    await expect.poll(places).toEqual([...before, 'INBOX', 'INBOX'])
    expect(problems).toEqual([])
    await context.close()
  })
})
