// Settings as administrators use them: the real server, real Chromium; what was saved is read from the API and the database.
import { createServer, type Server } from 'node:http'
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ORGANISATION } from '../demo/company.ts'
import { ours } from '../demo/message.ts'
import { focusInDialog, focusIsVisible, overflow, tabTo, violations, watchedPage } from './rig/browser.ts'
import { shot } from './rig/console-build.ts'
import { addReader, settled, setUp, signIn } from './rig/console-steps.ts'
import { inDatabase } from './rig/database.ts'
import { type OpenConsole, openConsole } from './rig/open-console.ts'
import { freePort } from './rig/ports.ts'
import type { RunningServer } from './rig/running.ts'

const [DOMAIN = ''] = ORGANISATION.domains

let opened: OpenConsole | undefined
let server: RunningServer
let browser: Browser
let engine: Server

type Json = Readonly<Record<string, unknown>>
const get = async (path: string) => (await server.call('GET', path)) as Json

async function open(page: Page, tab: string, name: string): Promise<void> {
  await page.goto(`/settings/${tab}`)
  await page.getByRole('tab', { name, selected: true }).waitFor()
  await settled(page)
}

/** Not only there, but where the eye is: inside what scrolls. */
const seen = (what: Locator): Promise<boolean> =>
  what.evaluate((element) => {
    const { x, y, width, height } = element.getBoundingClientRect()
    const there = document.elementFromPoint(x + width / 2, y + height / 2)
    return there !== null && element.contains(there)
  })

/** Every look at a page: no violation of axe, nothing wider than the window. */
async function fine(page: Page, name: string): Promise<void> {
  await shot(page, name, { fullPage: true })
  expect({ name, found: await violations(page) }).toEqual({ name, found: [] })
  expect({ name, overflow: await overflow(page) }).toEqual({ name, overflow: 0 })
}

/** Finds nothing, whatever it is asked: a page needs an engine that is up; the real ones are asked in `engines.test.ts`. */
async function answering(): Promise<Server> {
  const answer = { action: 'no action', score: 0, required_score: 15, symbols: {} }
  const http = createServer((request, response) => {
    request.resume()
    response.end(request.url === '/ping' ? 'pong' : JSON.stringify(answer))
  })
  await new Promise<void>((done) => http.listen(0, '127.0.0.1', done))
  return http
}

function portOf(http: Server): number {
  const at = http.address()
  return typeof at === 'object' && at !== null ? at.port : expect.fail('no port')
}

/** Clean mail that came so many days ago. Gives back its message ID. */
async function arrived(subject: string, daysAgo: number): Promise<string> {
  const at = new Date(Date.now() - daysAgo * 86_400_000)
  const raw = Buffer.from(
    `From: letters@journal.example\r\nTo: ${ours('yuki.tanabe')}\r\nDate: ${at.toUTCString()}\r\nSubject: ${subject}\r\nMessage-ID: <${Number(at)}@journal.example>\r\n\r\n${subject}, as agreed.\r\n`,
  )
  const query = new URLSearchParams({
    recipient: ours('yuki.tanabe'),
    mailFrom: 'letters@journal.example',
    receivedAt: at.toISOString(),
  })
  return String(((await server.call('POST', `/import?${query}`, raw)) as Json)['messageId'])
}

describe('settings in the console', () => {
  beforeAll(async () => {
    engine = await answering()
    opened = await openConsole({
      RECOURSE_ENGINES_RSPAMD_URL: `http://127.0.0.1:${portOf(engine)}`,
      // Nobody is there.
      RECOURSE_ENGINES_CLAMAV_ADDRESS: `127.0.0.1:${await freePort()}`,
    })
    server = opened.server
    browser = opened.browser
    await setUp(server)
    await server.call('PUT', '/organisation', {
      ...ORGANISATION,
      groups: [...(ORGANISATION.groups ?? []), { address: `board@${DOMAIN}`, members: [ours('amara.osei')] }],
    })
  })

  afterAll(async () => {
    await opened?.close()
    engine?.close()
  })

  test('the default policy: what users report, who approves, thresholds; somebody faster is named', async () => {
    const { page, context, problems, strays } = await watchedPage(browser, server.url)
    await signIn(page)
    await open(page, 'policy', 'Policies')
    await page.getByRole('checkbox', { name: /^The marks \$Junk/ }).uncheck()
    await page.getByRole('checkbox', { name: 'Somebody may approve what they have proposed themselves' }).uncheck()
    await page.getByRole('checkbox', { name: 'A hard delete needs two people' }).check()
    await page.getByRole('checkbox', { name: 'An action on many copies needs two people' }).check()
    await page.getByLabel('On more than').fill('250')
    await page.getByRole('checkbox', { name: /^Thresholds of its own/ }).check()
    await page.getByRole('spinbutton', { name: 'Convicted from' }).fill('12')
    await page.getByText('Not below the first number.').waitFor()
    expect(await page.getByRole('button', { name: 'Save' }).isDisabled()).toBe(true)
    await page.getByRole('spinbutton', { name: 'Convicted from' }).fill('6')
    await page.getByLabel('Domains whose ARC seals are trusted').fill('lists.example\nforward.example')
    await fine(page, 'policy-changed')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Saved. New mail is judged by it.').waitFor()
    const saved = await get('/policy')
    expect(saved).toMatchObject({
      userReports: { junkMoves: true, keywords: false },
      approvals: { ownProposals: false, secondForHardDelete: true, secondAbove: 250 },
      thresholds: { suspicious: 6, high: 10 },
      trustedArcSealers: ['lists.example', 'forward.example'],
    })

    // What others save is taken over while nothing is written here…
    await server.call('PUT', '/policy', { unparsable: 'junk', trustedArcSealers: ['one.example'] })
    await expect.poll(() => page.getByLabel('Domains whose ARC seals are trusted').inputValue()).toBe('one.example')
    await page.getByRole('combobox', { name: 'Mail that cannot be read' }).getByText('Junk folder').waitFor()
    // …and never over what is.
    await page.getByRole('checkbox', { name: 'A hard delete needs two people' }).uncheck()
    await server.call('PUT', '/policy', { mode: 'observe' })
    await page.getByText('Somebody else saves, too').waitFor()
    expect(await page.getByRole('checkbox', { name: 'A hard delete needs two people' }).isChecked()).toBe(false)
    await page.getByRole('button', { name: 'Save' }).click()
    await page
      .getByText(/The policy was changed meanwhile by .+: version \d+ was read, version \d+ is there\./)
      .waitFor()
    await fine(page, 'policy-meanwhile')
    expect(await get('/policy')).toMatchObject({ mode: 'observe', approvals: { secondForHardDelete: true } })
    await page.getByRole('button', { name: 'Reload' }).click()
    await expect.poll(() => page.getByRole('radio', { name: /^Observe only/ }).isChecked()).toBe(true)
    expect(await page.getByRole('checkbox', { name: 'A hard delete needs two people' }).isChecked()).toBe(true)
    await page.getByText('Somebody else saves, too').waitFor({ state: 'detached' })
    expect(problems.filter((p) => !p.includes('409'))).toEqual([])
    expect(strays).toEqual([])
    await context.close()
  })

  test('policies for some: added, ordered, switched off, removed; what somebody else saved is not overwritten', async () => {
    const { page, context, problems } = await watchedPage(browser, server.url)
    await signIn(page)
    await open(page, 'policy', 'Policies')
    const dialog = page.getByRole('dialog')
    const add = async (kind: string, fill: () => Promise<void>) => {
      await page.getByRole('button', { name: 'Add policy' }).click()
      await page.getByRole('menuitem', { name: kind }).click()
      await fill()
      await dialog.getByRole('button', { name: 'Save' }).click()
    }
    const inside = (title: string) => dialog.getByRole('group', { name: title })
    await add('Custom policy', async () => {
      await dialog.getByLabel('Name').fill('Board')
      await inside('Include these users, groups and domains').getByLabel('Groups').fill(`bord@${DOMAIN}`)
      await dialog.getByRole('radio', { name: /^Strict/ }).check()
      await fine(page, 'policy-add')
    })
    await dialog.getByText(`Board: there is no group bord@${DOMAIN}`).waitFor()
    await inside('Include these users, groups and domains').getByLabel('Groups').fill(`board@${DOMAIN}`)
    await dialog.getByRole('button', { name: 'Save' }).click()
    await dialog.waitFor({ state: 'hidden' })
    await add('Custom policy', async () => {
      await dialog.getByLabel('Name').fill('Trainees')
      await inside('Include these users, groups and domains')
        .getByLabel('Users')
        .fill(`${ours('yuki.tanabe')}\n${ours('leon.brandt')}`)
      await inside('Exclude these users, groups and domains').getByLabel('Groups').fill(`board@${DOMAIN}`)
      await dialog.getByRole('checkbox', { name: 'Outbound' }).check()
    })
    await dialog.waitFor({ state: 'hidden' })
    await add('Standard preset', async () => {
      await inside('Include these users, groups and domains').getByLabel('Domains').fill(DOMAIN)
    })
    await dialog.waitFor({ state: 'hidden' })
    const order = () => page.getByRole('list', { name: 'Policies in their order' }).locator('strong').allTextContents()
    await expect.poll(order).toEqual(['Standard preset', 'Board', 'Trainees', 'Default policy'])
    await page
      .getByText(
        `Inbound, internal and outbound mail for ${ours('leon.brandt')} and ${ours('yuki.tanabe')}, but not for members of board@${DOMAIN}`,
      )
      .waitFor()
    await page.getByRole('button', { name: 'Ask Trainees earlier' }).click()
    await expect.poll(order).toEqual(['Standard preset', 'Trainees', 'Board', 'Default policy'])
    await page.getByRole('switch', { name: 'Board is in force' }).click()
    await expect.poll(() => page.getByRole('switch', { name: 'Board is in force' }).isChecked()).toBe(false)
    await fine(page, 'policies')
    const saved = (await get('/policies')) as { version: number; policies: Json[] }
    expect(saved.policies).toMatchObject([
      { id: 'standard-preset', kind: 'standard', mode: 'standard', applies: { domains: [DOMAIN] } },
      { id: 'trainees', kind: 'custom', priority: 0, enabled: true, mail: ['inbound', 'internal', 'outbound'] },
      { id: 'board', priority: 1, enabled: false, mode: 'strict', applies: { groups: [`board@${DOMAIN}`] } },
    ])

    await page.getByRole('button', { name: 'Edit Board' }).click()
    await dialog.getByLabel('Name').fill('The board')
    const others = saved.policies.map((p) => (p['id'] === 'trainees' ? { ...p, name: 'Apprentices' } : p))
    await server.call('PUT', '/policies', { ...saved, policies: others })
    // The list beneath has it already; the dialog must not save over it all the same.
    await page.getByText('Apprentices').waitFor()
    await dialog.getByRole('button', { name: 'Save' }).click()
    await dialog.getByText(/The policies were changed meanwhile by .+: version/).waitFor()
    await expect.poll(() => seen(dialog.getByRole('alert'))).toBe(true)
    await fine(page, 'policies-meanwhile')
    await dialog.getByRole('button', { name: 'Reload' }).click()
    await expect.poll(() => dialog.getByLabel('Name').inputValue()).toBe('Board')
    await dialog.getByLabel('Name').fill('The board')
    await dialog.getByRole('button', { name: 'Save' }).click()
    await dialog.waitFor({ state: 'hidden' })
    await page.getByRole('button', { name: 'Remove Standard preset' }).click()
    await page.getByRole('button', { name: 'Really remove? Standard preset' }).click()
    await expect.poll(order).toEqual(['Apprentices', 'The board', 'Default policy'])
    expect((await get('/policies'))['policies']).toMatchObject([
      { id: 'trainees', name: 'Apprentices' },
      { id: 'board', name: 'The board', enabled: false },
    ])
    expect(problems.filter((p) => !/409|422/.test(p))).toEqual([])
    await context.close()
  })

  test('policies by keyboard alone: added, and asked earlier', async () => {
    const { page, context, problems } = await watchedPage(browser, server.url)
    const keys = page.keyboard
    await signIn(page)
    await open(page, 'policy', 'Policies')
    await tabTo(page, 'button', 'Add policy')
    expect(await focusIsVisible(page)).toBe(true)
    await keys.press('Enter')
    await page.getByRole('menuitem', { name: 'Custom policy' }).waitFor()
    await keys.press('End')
    await keys.press('Enter')
    const dialog = page.getByRole('dialog')
    // The menu that closes and the dialog that opens both move the focus.
    await page.getByRole('menu').waitFor({ state: 'hidden' })
    await focusInDialog(page)
    await tabTo(page, 'textbox', /^Name/)
    await keys.type('By keyboard')
    expect(await dialog.getByLabel('Name').inputValue()).toBe('By keyboard')
    await tabTo(page, 'button', 'Save')
    await keys.press('Enter')
    await dialog.waitFor({ state: 'hidden' })
    await tabTo(page, 'button', 'Ask By keyboard earlier')
    expect(await focusIsVisible(page)).toBe(true)
    await keys.press('Enter')
    await expect
      .poll(async () => ((await get('/policies'))['policies'] as Json[]).map((p) => p['id']))
      .toEqual(['trainees', 'by-keyboard', 'board'])
    expect(problems).toEqual([])
    await context.close()
  })

  test('retention: a shortening counts what it would end, and nothing is saved before it is agreed to', async () => {
    await arrived('Three weeks old', 21)
    await arrived('Of today', 0)
    const gone = await arrived('Deleted last week', 1)
    const { id } = (await server.call('POST', '/actions', {
      kind: 'soft-delete',
      select: { messageIds: [gone] },
    })) as { id: string }
    await expect.poll(async () => (await get(`/actions/${id}`))['state']).toBe('completed')
    const text = `update action_item set verified_at = now() - interval '8 days', updated_at = now() - interval '8 days'
      where action_id = $1`
    await inDatabase(server, (db) => db.query(text, [id]))

    const { page, context, problems } = await watchedPage(browser, server.url)
    await signIn(page)
    await open(page, 'retention', 'Retention')
    const days = (label: string) => page.getByRole('spinbutton', { name: label })
    const save = () => page.getByRole('button', { name: 'Save', exact: true }).click()
    await page
      .getByText(/^What is soft-deleted today can be brought back, by its user and by analysts, until \d/)
      .waitFor()
    expect(await page.getByRole('link', { name: 'Settings' }).getAttribute('aria-current')).toBe('page')
    await fine(page, 'retention')
    await days('Soft-deleted mail').fill('31')
    await page.getByText('Whole days, 1 to 30.').waitFor()
    expect(await page.getByRole('button', { name: 'Save', exact: true }).isDisabled()).toBe(true)
    await days('Soft-deleted mail').fill('7')
    await days('Bytes of clean delivered mail').fill('14')
    await page.getByRole('spinbutton', { name: 'Spam', exact: true }).fill('15')
    await save()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('1 soft-deleted copy: no undo, no recovery by the user').waitFor()
    await dialog.getByText('1 clean message: no preview, no download; mailboxes keep their copies').waitFor()
    await fine(page, 'retention-shorten')
    expect(await get('/retention')).toMatchObject({ version: 0, softDeleted: 14, clean: 30 })
    await dialog.getByRole('button', { name: 'Back' }).click()
    await dialog.waitFor({ state: 'hidden' })
    await save()
    await dialog.getByRole('button', { name: 'Save and let it end' }).click()
    await page.getByText('Saved as version 1.').waitFor()
    await page.getByText('1 soft-deleted copy', { exact: true }).waitFor()
    const after = { version: 1, softDeleted: 7, clean: 14, quarantine: { spam: 15, phish: 30 } }
    expect(await get('/retention')).toMatchObject(after)
    // Longer ends nothing: it is not asked about.
    await days('Hard-deleted mail').fill('60')
    await save()
    await page.getByText('Saved as version 2.').waitFor()
    expect(await get('/retention')).toMatchObject({ hardDeleted: 60 })
    await days('Hard-deleted mail').fill('90')
    await server.call('PUT', '/retention', { moved: 20 })
    await save()
    await page.getByText(/The retention was changed meanwhile by .+: version 2 was read, version 3 is there/).waitFor()
    await page.getByRole('button', { name: 'Reload' }).click()
    await expect.poll(() => days('Bytes of copies that were moved').inputValue()).toBe('20')
    expect(await days('Hard-deleted mail').inputValue()).toBe('60')
    expect(problems.filter((p) => !p.includes('409'))).toEqual([])
    await context.close()
  })

  test('retention: a clock in doubt is told, and confirmed by keyboard', async () => {
    await inDatabase(server, (db) =>
      db.query(`insert into retention_clock (tenant_id, seen_at, trusted_at, doubt_since, grace_seconds, jumped_from, jumped_to)
        select tenant_id, now(), now() - interval '40 days', now(), 0, now() - interval '40 days', now() from tenant
        on conflict (tenant_id) do update set seen_at = excluded.seen_at, trusted_at = excluded.trusted_at,
          doubt_since = excluded.doubt_since, grace_seconds = 0, jumped_from = excluded.jumped_from, jumped_to = excluded.jumped_to`),
    )
    const { page, context, problems } = await watchedPage(browser, server.url)
    await signIn(page)
    await open(page, 'retention', 'Retention')
    await page.getByText(/The server’s clock went from .+ in one step/).waitFor()
    await page.getByText('Nothing, until the clock is trusted again').waitFor()
    await fine(page, 'retention-doubt')
    await tabTo(page, 'button', 'The clock is right')
    expect(await focusIsVisible(page)).toBe(true)
    await page.keyboard.press('Enter')
    const dialog = page.getByRole('dialog')
    await dialog.getByText(/^Look at the time of the server first/).waitFor()
    await fine(page, 'retention-confirm')
    await tabTo(page, 'button', 'The clock is right')
    await page.keyboard.press('Enter')
    await page.getByText('The clock is in doubt').waitFor({ state: 'detached' })
    expect(await get('/retention/state')).toMatchObject({ doubt: null })
    const { rows } = await inDatabase(server, (db) =>
      db.query(`select doubt_since, trusted_at > now() - interval '1 hour' as trusted from retention_clock`),
    )
    expect(rows).toEqual([{ doubt_since: null, trusted: true }])
    expect(((await get('/audit'))['items'] as Json[])[0]).toMatchObject({ action: 'retention.confirm-clock' })
    expect(problems).toEqual([])
    await context.close()
  })

  test('engines: which answer and which do not, what waits for them; a lesson of the classifier is forgotten', async () => {
    const { page, context, problems } = await watchedPage(browser, server.url)
    const message = await arrived('A lesson', 0)
    await server.call('POST', `/messages/${message}/submissions`, {
      as: 'analyst',
      opinion: 'should-have-been-blocked',
      threat: 'phish',
    })
    // It is taught after the answer, by an event.
    await expect.poll(() => get('/engines/classifier/lessons')).toMatchObject({ items: [{}] })
    await signIn(page)
    await open(page, 'engines', 'Engines')
    const card = (name: string) =>
      page.locator('section.card', { has: page.getByRole('heading', { name, exact: true }) })
    await card('ClamAV').getByText('Down').waitFor()
    await card('ClamAV')
      .getByText(/ECONNREFUSED/)
      .waitFor()
    await card('rspamd').getByText('Up', { exact: true }).waitFor()
    const { items } = (await get('/engines')) as { items: { id: string; answered: number }[] }
    const answered = items.find((e) => e.id === 'rspamd')?.answered ?? 0
    expect(answered).toBeGreaterThan(0)
    await card('rspamd').getByText(String(answered), { exact: true }).waitFor()
    const { pending } = (await get('/engines')) as { pending: number }
    expect(pending).toBeGreaterThan(0)
    await page.getByText(new RegExp(`^${pending} messages? w(as|ere) judged without an engine`)).waitFor()
    await page.getByRole('row', { name: /Phish.*Command line.*Submission/ }).waitFor()
    await fine(page, 'engines')
    await tabTo(page, 'button', /^Forget the lesson/)
    await page.keyboard.press('Enter')
    await tabTo(page, 'button', /^Really forget\?/)
    await page.keyboard.press('Enter')
    await page.getByText('1 lesson was forgotten').waitFor()
    await page.getByText('It was taught nothing yet.').waitFor()
    expect(await get('/engines/classifier/lessons')).toEqual({ items: [] })
    const { rows } = await inDatabase(server, (db) => db.query('select count(*)::int as n from classifier_lesson'))
    expect(rows).toEqual([{ n: 0 }])
    expect(problems).toEqual([])
    await context.close()
  })

  test('on a phone and in the dark', async () => {
    const { page, context, problems } = await watchedPage(browser, server.url, {
      scheme: 'dark',
      width: 360,
      height: 780,
    })
    await signIn(page)
    await open(page, 'policy', 'Policies')
    await fine(page, 'phone-policies')
    await page.getByRole('button', { name: 'Edit Apprentices' }).click()
    await page.getByRole('dialog').getByLabel('Name').waitFor()
    await fine(page, 'phone-policy-edit')
    for (const [tab, name] of [
      ['retention', 'Retention'],
      ['engines', 'Engines'],
    ] as const) {
      await open(page, tab, name)
      await fine(page, `phone-${tab}`)
    }
    expect(problems).toEqual([])
    await context.close()
  })

  test('somebody who only reads sees the settings and cannot change them', async () => {
    const { page, context, problems } = await watchedPage(browser, server.url)
    await signIn(page, await addReader(server))
    await open(page, 'policy', 'Policies')
    await page.getByText('Apprentices').waitFor()
    for (const name of ['Save', 'Add policy', /^Edit/, /^Remove/, /^Ask/])
      expect(await page.getByRole('button', { name }).count()).toBe(0)
    expect(await page.getByRole('checkbox', { name: 'A hard delete needs two people' }).isDisabled()).toBe(true)
    await fine(page, 'policies-reader')
    await open(page, 'retention', 'Retention')
    expect(await page.getByRole('spinbutton', { name: 'Soft-deleted mail' }).isDisabled()).toBe(true)
    expect(await page.getByRole('button', { name: 'Save' }).count()).toBe(0)
    expect(problems).toEqual([])
    await context.close()
  })
})
