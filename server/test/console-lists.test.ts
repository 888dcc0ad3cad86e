// Allow and block entries in the console, and what somebody with fewer rights is offered: the real server, real Chromium.
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AUTHSERV } from '../demo/company.ts'
import { focusIsVisible, overflow, tabTo, violations, watchedPage } from './rig/browser.ts'
import { shot } from './rig/console-build.ts'
import { fill, PERSON, settled, setUp, signIn } from './rig/console-steps.ts'
import { type OpenConsole, openConsole } from './rig/open-console.ts'
import type { RunningServer } from './rig/running.ts'

let opened: OpenConsole | undefined
let server: RunningServer
let browser: Browser

const LIST = '/tenant-allow-block-list'
const entries = async (query = ''): Promise<Record<string, unknown>[]> =>
  ((await server.call('GET', `/entries?${query}`)) as { items: Record<string, unknown>[] }).items
const add = (body: Record<string, unknown>) =>
  server.call('POST', '/entries', { kind: 'sender', action: 'block', ...body })
const grid = (page: Page) => page.getByRole('grid', { name: 'Entries' })
const shown = (page: Page, rows: number) =>
  expect.poll(() => grid(page).getAttribute('aria-rowcount')).toBe(String(rows + 1))

async function fine(page: Page, name: string): Promise<void> {
  await settled(page)
  await shot(page, name)
  expect({ name, found: await violations(page) }).toEqual({ name, found: [] })
  expect({ name, overflow: await overflow(page) }).toEqual({ name, overflow: 0 })
}

/** The same person without some rights: what the page offers follows from what the server says that they may do. */
async function without(context: BrowserContext, ...gone: string[]): Promise<void> {
  await context.route('**/api/v1/session', async (route) => {
    const answer = await route.fetch()
    const session = (await answer.json()) as { permissions?: string[] }
    const permissions = session.permissions?.filter((p) => !gone.includes(p))
    await route.fulfill({ response: answer, json: { ...session, ...(permissions ? { permissions } : {}) } })
  })
}

describe('Tenant Allow/Block List in the browser', () => {
  beforeAll(async () => {
    opened = await openConsole()
    server = opened.server
    browser = opened.browser
    await fill(server)
    await setUp(server)
    await add({ value: 'soon@one.example', expiresInDays: 3, note: 'ends soon' })
    await add({ value: 'stays@two.example', expiresInDays: null })
    await add({ kind: 'url-domain', value: 'three.example' })
    await add({ action: 'allow', kind: 'sender-domain', value: 'four.example' })
  })

  afterAll(() => opened?.close())

  test('several entries at once by keyboard: each line has its result, what is refused stops no other; several removed', async () => {
    const { page, context, problems } = await watchedPage(browser, server.url)
    await signIn(page)
    await page.goto(LIST)
    await shown(page, 4)
    await tabTo(page, 'button', 'Add')
    await page.keyboard.press('Enter')
    await tabTo(page, 'textbox', 'Value')
    expect(await focusIsVisible(page)).toBe(true)
    await page.keyboard.type('a@many.example\nb@many.example\nno address\nsoon@one.example\na@many.example')
    // What one entry would have changed is asked for one.
    expect(await page.getByRole('button', { name: 'What would it change?' }).count()).toBe(0)
    await fine(page, 'add-many')
    await page.getByRole('dialog').getByRole('button', { name: 'Add' }).click()
    await page.getByText('2 of 4 entries added').waitFor()
    const told = page.getByRole('list', { name: 'Not added' }).getByRole('listitem')
    expect(await told.count()).toBe(2)
    await told.filter({ hasText: 'no address' }).waitFor()
    await told.filter({ hasText: 'soon@one.example' }).waitFor()
    await fine(page, 'added-many')
    expect((await entries('q=many.example')).map((e) => e['value']).sort()).toEqual([
      'a@many.example',
      'b@many.example',
    ])
    await page
      .getByRole('textbox', { name: 'Value' })
      .fill(Array.from({ length: 501 }, (_, i) => `${i}@x.example`).join('\n'))
    await page.getByText('At most 500 at once; these are 501.').waitFor()
    expect(await page.getByRole('dialog').getByRole('button', { name: 'Add' }).isDisabled()).toBe(true)
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click()

    for (const name of ['a', 'b']) await page.getByRole('checkbox', { name: new RegExp(`${name}@many`) }).click()
    await page.getByRole('button', { name: 'Remove', exact: true }).click()
    const [gone] = await entries('q=a@many.example')
    await server.call('DELETE', `/entries/${gone?.['id']}`)
    await page.getByRole('alertdialog').getByRole('button', { name: 'Remove' }).click()
    await expect.poll(() => entries('q=many.example')).toEqual([])
    await shown(page, 4)
    expect(problems).toEqual([])
    await context.close()
  })

  test('filters by type, state, end, use, change and person stand in the address and show what the API gives', async () => {
    const { page, context, problems } = await watchedPage(browser, server.url)
    await signIn(page)
    await page.goto(LIST)
    await shown(page, 4)
    await fine(page, 'lists')
    const choose = async (label: string, option: string, rows: number) => {
      await page.getByRole('combobox', { name: label }).click()
      await page.getByRole('option', { name: option, exact: true }).click()
      await shown(page, rows)
    }
    await choose('Type', 'Sender address', 2)
    await choose('Remove on', 'Never expire', 1)
    expect(new URL(page.url()).searchParams.toString()).toBe('kind=sender&ends=never')
    await page.reload()
    await shown(page, 1)
    await grid(page).getByText('stays@two.example').waitFor()
    await choose('Remove on', 'Expire within 7 days', 1)
    await grid(page).getByText('soon@one.example').waitFor()
    await page.getByRole('button', { name: 'Clear filters' }).click()
    await shown(page, 4)
    await choose('Use', 'Used in the last 30 days', 0)
    await page.getByText('No entry is like this').waitFor()
    await choose('Use', 'Not used for 30 days', 4)
    await choose('Change', 'Changed in the last 24 hours', 4)
    await choose('State', 'Removed', (await entries('state=removed')).length)
    await choose('State', 'Every state', 4)
    await page.getByRole('searchbox', { name: 'Changed by' }).fill('nobody')
    await shown(page, 0)
    await page.getByRole('searchbox', { name: 'Changed by' }).fill('')
    await page.getByRole('searchbox', { name: 'Search entries and notes' }).fill('ENDS soon')
    await shown(page, 1)
    await page.getByRole('tab', { name: 'Allow' }).click()
    await shown(page, 0)
    await fine(page, 'lists-filtered')
    expect(problems).toEqual([])
    await context.close()
  })

  test('a link and a file are blocked where they are seen: never to expire, or for days, each a job in History by its name (explorer #63)', async () => {
    const to = 'leon.brandt@alderfinch.example'
    const file = Buffer.from('what is paid').toString('base64')
    const letter = [
      ...[
        'From: billing@pay.example',
        `To: ${to}`,
        'Subject: Your bill',
        'Message-ID: <bill@pay.example>',
        'MIME-Version: 1.0',
      ],
      ...['Content-Type: multipart/mixed; boundary=b', '', '--b', 'Content-Type: text/html', ''],
      ...[
        '<a href="https://pay.example/now?id=1">pay</a>',
        '--b',
        'Content-Type: application/octet-stream; name="bill.bin"',
      ],
      ...[
        'Content-Disposition: attachment; filename="bill.bin"',
        'Content-Transfer-Encoding: base64',
        '',
        file,
        '--b--',
        '',
      ],
    ].join('\r\n')
    const { messageId: id } = (await server.call(
      'POST',
      `/import?${new URLSearchParams({ recipient: to, mailFrom: 'billing@pay.example' })}`,
      Buffer.from(letter),
    )) as { messageId: string }
    const { page, context, problems } = await watchedPage(browser, server.url)
    await signIn(page)
    await page.goto(`/messages/${id}?tab=url`)
    await page.getByRole('button', { name: /^Block hxxps.*pay/ }).click()
    const ask = page.getByRole('dialog', { name: 'Block this URL' })
    await ask.getByLabel('Remediation name').fill('Block the bill’s link')
    await fine(page, 'block-url')
    await ask.getByRole('button', { name: 'Block', exact: true }).click()
    await expect.poll(() => ask.textContent()).toContain('It is blocked. “Block the bill’s link” in History')
    await page.goto(`/messages/${id}?tab=attachments`)
    await page.getByRole('button', { name: 'Block bill.bin' }).click()
    const second = page.getByRole('dialog', { name: 'Block this file' })
    await second.getByLabel('Remove after days').fill('x')
    expect(await second.getByRole('button', { name: 'Block', exact: true }).isDisabled()).toBe(true)
    await second.getByLabel('Remove after days').fill('30')
    await second.getByLabel('Remediation name').fill('Block the bill')
    await second.getByRole('button', { name: 'Block', exact: true }).click()
    await second.getByRole('link', { name: '“Block the bill” in History' }).click()
    await page.getByRole('row', { name: /Block the bill/ }).waitFor()
    const found = (await entries('limit=100')).filter((e) => String(e['note'] ?? '') !== 'ends soon')
    const of = (kind: string) => found.find((e) => e['kind'] === kind && e['action'] === 'block')
    expect(of('url')).toMatchObject({ value: expect.stringContaining('pay.example/now'), expiresAt: null })
    expect(of('file-hash')).toMatchObject({ expiresAt: expect.any(String) })
    const { items } = (await server.call('GET', '/actions?kind=list-entry')) as { items: Record<string, unknown>[] }
    const named = items.filter((a) => String(a['name']).startsWith('Block the bill'))
    expect(named.map((a) => [a['name'], a['source']]).sort()).toEqual([
      ['Block the bill', 'message'],
      ['Block the bill’s link', 'message'],
    ])
    expect(problems).toEqual([])
    await context.close()
  })

  test('a session that ends while a page is open: a way to sign in, and back to the same page', async () => {
    const { page, context } = await watchedPage(browser, server.url)
    await signIn(page)
    await page.goto(`${LIST}?action=block`)
    await grid(page)
      .getByRole('row', { name: /soon@one/ })
      .waitFor()
    await context.clearCookies()
    await page.getByRole('tab', { name: 'Allow' }).click()
    const alert = page.getByRole('alert').filter({ hasText: 'You are not signed in any more.' })
    await alert.waitFor()
    await fine(page, 'signed-out')
    await alert.getByRole('link', { name: 'Sign in' }).click()
    await page.getByLabel('Email').fill(PERSON.email)
    await page.getByLabel('Password').fill(PERSON.password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await grid(page)
      .getByRole('row', { name: /four\.example/ })
      .waitFor()
    expect(new URL(page.url()).search).toBe('?action=allow')
    await context.close()
  })

  test('a server that is slow is waited for, one that is away is asked again until it is back', async () => {
    const { page, context } = await watchedPage(browser, server.url)
    await signIn(page)
    const slow = Promise.withResolvers<void>()
    await page.route('**/api/v1/session', async (route) => {
      await slow.promise
      await route.abort('connectionrefused')
    })
    await page.goto(`${LIST}?action=block`)
    await page.getByText('Waiting for the server').waitFor()
    expect(await violations(page)).toEqual([])
    slow.resolve()
    await page.getByRole('heading', { name: 'Something went wrong' }).waitFor()
    await fine(page, 'no-server')
    await page.unrouteAll({ behavior: 'wait' })
    await grid(page)
      .getByRole('row', { name: /soon@one/ })
      .waitFor()
    await context.close()
  })

  test('whoever may only report is told that no page is theirs; a page that is not there says so', async () => {
    const reporter = { name: 'Rob Reporter', email: 'rob@alderfinch.example', password: 'another long pass phrase' }
    await server.call('POST', '/users', { ...reporter, role: 'reporter' })
    const { page, context } = await watchedPage(browser, server.url)
    await page.goto('/sign-in')
    await page.getByLabel('Email').fill(reporter.email)
    await page.getByLabel('Password').fill(reporter.password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { name: 'No page of the console is open to you' }).waitFor()
    await fine(page, 'no-page-open')
    await page.goto('/nowhere')
    await page.getByRole('heading', { name: 'There is no such page' }).waitFor()
    await fine(page, 'no-such-page')
    await context.close()
  })

  test('whatever of a message cannot be broken into lines is broken all the same', async () => {
    const domain = `${'d'.repeat(60)}.`.repeat(3)
    const raw = `From: A <${'l'.repeat(60)}@${domain}example>\r\nTo: yuki.tanabe@alderfinch.example\r\nSubject: ${'unbroken'.repeat(80)}\r\n\r\nhello\r\n`
    const to = new URLSearchParams({ recipient: 'yuki.tanabe@alderfinch.example' })
    const { messageId } = (await server.call('POST', `/import?${to}`, Buffer.from(raw))) as { messageId: string }
    const { page, context } = await watchedPage(browser, server.url, { width: 360 })
    await signIn(page)
    await page.goto(`/messages/${messageId}`)
    await page.getByRole('heading', { name: /^Signals/ }).waitFor()
    await page.getByText('Evidence', { exact: true }).first().waitFor()
    await fine(page, 'unbroken')
    await context.close()
  })

  test('whoever may write entries but let nothing through is offered no allow entry (permissions #80)', async () => {
    const { page, context, problems } = await watchedPage(browser, server.url)
    await without(context, 'lists.allow')
    await signIn(page)
    await page.goto(`${LIST}?action=allow`)
    await page.getByRole('button', { name: 'Add', exact: true }).click()
    expect(await page.getByRole('radio', { name: 'Allow' }).isDisabled()).toBe(true)
    expect(await page.getByRole('radio', { name: 'Block' }).isChecked()).toBe(true)
    await page.getByText('Allow entries need a right of their own: lists.allow.').waitFor()
    await fine(page, 'no-allow')
    await page.keyboard.press('Escape')

    const { items } = (await server.call('GET', '/messages?q=Both%20of%20you')) as { items: { id: string }[] }
    await page.goto(`/messages/${items[0]?.id}`)
    await page.getByRole('button', { name: 'Report' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Report' }).click()
    await page.getByText('Next steps').waitFor()
    expect(await page.getByRole('button', { name: /^Release/ }).count()).toBeGreaterThan(0)
    expect(await page.getByRole('button', { name: /^Allow/ }).count()).toBe(0)
    await page
      .getByRole('button', { name: /^Release/ })
      .first()
      .click()
    await page.waitForURL(/action-center/)
    // The door that it came through.
    expect(await server.call('GET', '/actions?limit=1')).toMatchObject({
      items: [{ kind: 'release', source: 'message' }],
    })
    expect(problems).toEqual([])
    await context.close()
  })

  test('an entry that a submission made leads to it; submissions are shown by who made them (lists #61)', async () => {
    const { page, context, problems } = await watchedPage(browser, server.url)
    const { items } = (await server.call('GET', '/messages?q=Timber%20Journal')) as { items: { id: string }[] }
    const report = (id: string | undefined, as: string) =>
      server.call('POST', `/messages/${id}/submissions`, { as, opinion: 'should-not-have-been-blocked' })
    const made = (await report(items[0]?.id, 'analyst')) as { id: string; subject: string }
    await report(items[1]?.id, 'user')
    await add({ action: 'allow', value: 'letters@timberjournal.example', submissionId: made.id })
    const all = ((await server.call('GET', '/submissions')) as { items: { as: string }[] }).items
    await signIn(page)
    await page.goto(`${LIST}?action=allow`)
    await page.getByRole('checkbox', { name: /four\.example/ }).click()
    await page.getByText('1 entry chosen').waitFor()
    expect(await page.getByRole('link', { name: 'View submission' }).count()).toBe(0)
    await page.getByRole('checkbox', { name: /four\.example/ }).click()
    await page.getByRole('checkbox', { name: /timberjournal/ }).click()
    await page.getByRole('link', { name: 'View submission' }).click()
    const rows = () => page.getByRole('grid', { name: 'Submissions' }).getAttribute('aria-rowcount')
    await expect.poll(rows).toBe('2')
    await page.getByRole('row').getByText(made.subject).waitFor()
    await fine(page, 'one-submission')
    await page.getByRole('button', { name: 'Show all' }).click()
    await expect.poll(rows).toBe(String(all.length + 1))
    for (const [name, as] of [
      ['User reported', 'user'],
      ['Submitted by analysts', 'analyst'],
    ] as const) {
      await page.getByRole('tab', { name }).click()
      await expect.poll(rows).toBe(String(all.filter((s) => s.as === as).length + 1))
    }
    await fine(page, 'submissions-by')
    expect(problems).toEqual([])
    await context.close()
  })

  test('a message says why SPF and DKIM said what they said; To is cut at 5,000 characters, with the number of the others (explorer #58, #60)', async () => {
    const { page, context, problems } = await watchedPage(browser, server.url)
    const names = Array.from({ length: 300 }, (_, i) => `recipient-${String(i).padStart(3, '0')}@somewhere.example`)
    const raw = [
      `Authentication-Results: ${AUTHSERV}; spf=softfail (192.0.2.9 is not permitted) smtp.mailfrom=a@many.example;`,
      ' dkim=fail reason="body hash did not verify" header.d=many.example header.s=s1',
      `From: Many <a@many.example>`,
      `To: ingrid@alderfinch.example,\r\n ${names.join(',\r\n ')}`,
      ...['Subject: To very many', 'Date: Tue, 03 Nov 2026 10:00:00 +0000', '', 'Hello.', ''],
    ].join('\r\n')
    const query = new URLSearchParams({ recipient: 'ingrid@alderfinch.example' })
    await server.call('POST', `/import?${query}`, Buffer.from(raw))
    const found = (await server.call('GET', '/messages?q=To%20very%20many&from=2026-01-01T00:00:00Z')) as {
      items: { id: string }[]
    }
    await signIn(page)
    await page.goto(`/messages/${found.items[0]?.id}`)
    await page.getByText('192.0.2.9 is not permitted', { exact: true }).waitFor()
    await page.getByText('body hash did not verify', { exact: true }).waitFor()
    await fine(page, 'authentication-reason')
    await page.goto(`/messages/${found.items[0]?.id}?tab=headers`)
    await page.getByText('recipient-000@somewhere.example').first().waitFor()
    // The first has 25 characters, each of the others 31.
    const shown = 1 + Math.floor((5_000 - 25) / 31)
    await page.getByText(`and ${301 - shown} more`, { exact: true }).waitFor()
    await fine(page, 'many-recipients')
    expect(problems).toEqual([])
    await context.close()
  })

  test('sources that convict known senders are told with why, what was done and how to let them go (lesson #65)', async () => {
    const { page, context, problems } = await watchedPage(browser, server.url)
    const entry = (await entries('q=stays@two.example'))[0]
    const notice = (id: string, part: object) => ({
      ...{ id, value: null, senders: ['known.example'], at: new Date().toISOString(), suspended: true },
      ...{ why: 'Within 120 minutes it kept the mail of 5 proven, known senders out of the Inbox.' },
      ...{ closedBy: null, closedAt: null, ...part },
    })
    let open = [
      notice('n1', { source: { kind: 'signal', id: 'feed:world', version: 1 } }),
      notice('n2', {
        source: { kind: 'entry', id: entry?.['id'], version: 1 },
        value: 'stays@two.example',
        suspended: false,
      }),
    ]
    await context.route('**/api/v1/sources/braked**', async (route) => {
      const id = new URL(route.request().url()).pathname.split('/').at(-1)
      if (route.request().method() === 'DELETE') open = open.filter((one) => one.id !== id)
      await route.fulfill({ json: route.request().method() === 'DELETE' ? notice(String(id), {}) : { items: open } })
    })
    await signIn(page)
    await page.goto(LIST)
    const told = page.getByRole('list', { name: 'Convict known senders' }).getByRole('listitem')
    await told.first().waitFor()
    expect(await told.allInnerTexts()).toEqual([
      expect.stringMatching(/Suspended by Recourse feed:world.*5 proven, known senders.*Resume/s),
      expect.stringMatching(/Still counts stays@two\.example.*Let it go on/s),
    ])
    await fine(page, 'braked')
    await page.getByRole('button', { name: 'Resume' }).click()
    await expect.poll(() => told.count()).toBe(1)
    await page.getByRole('button', { name: 'Let it go on' }).click()
    await expect.poll(() => told.count()).toBe(0)
    await without(context, 'lists.write')
    open = [notice('n3', { source: { kind: 'signal', id: 'feed:world', version: 1 } })]
    await page.goto(LIST)
    await told.first().waitFor()
    expect(await page.getByRole('button', { name: 'Resume' }).count()).toBe(0)
    expect(problems).toEqual([])
    await context.close()
  })

  test('whoever may approve but not purge is not offered a hard delete in place of what was proposed (permissions #79)', async () => {
    const { page, context, problems } = await watchedPage(browser, server.url)
    const { id } = (await server.call('POST', '/actions', {
      kind: 'soft-delete',
      select: { filter: { sender: 'share@docs-portal.example' } },
      propose: true,
    })) as { id: string }
    await signIn(page)
    const others = async (): Promise<number> => {
      await page.goto(`/action-center/${id}`)
      await page.getByRole('button', { name: 'Approve something else' }).click()
      await page.getByRole('radio', { name: /^Quarantine/ }).waitFor()
      return page.getByRole('radio', { name: /^Hard delete/ }).count()
    }
    expect(await others()).toBe(1)
    await without(context, 'remediation.purge')
    expect(await others()).toBe(0)
    await fine(page, 'no-purge')
    expect(problems).toEqual([])
    await context.close()
  })
})
