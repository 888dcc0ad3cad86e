// The Action center and undo by cause as analysts use them: the real server, real Chromium, mailboxes in Maildir.
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { overflow, violations, watchedPage } from './rig/browser.ts'
import { shot } from './rig/console-build.ts'
import { fill, PERSON, settled, signIn } from './rig/console-steps.ts'
import { type MaildirCopy, maildirCopies } from './rig/maildir-state.ts'
import { type OpenConsole, openConsole } from './rig/open-console.ts'
import type { RunningServer } from './rig/running.ts'
import { leaveInDoubt } from './rig/two-copies.ts'

const SHARED = 'plan was shared'
const SENDER = 'share@docs-portal.example'

let opened: OpenConsole | undefined
let server: RunningServer
let browser: Browser
/** Block entry by which everything of the sender is taken. */
let entry: string

const inboxes = (): MaildirCopy[] => maildirCopies(server.mail).filter((copy) => copy.folder === 'INBOX')
const holding = (text: string): number => inboxes().filter((copy) => copy.text.includes(text)).length

async function take(filter: Record<string, string>, more: Record<string, unknown> = {}): Promise<string> {
  const body = { kind: 'quarantine', select: { filter }, ...more }
  const { id } = (await server.call('POST', '/actions', body)) as { id: string }
  return id
}

async function ended(id: string): Promise<void> {
  const state = async () => ((await server.call('GET', `/actions/${id}`)) as { state: string }).state
  await expect.poll(state).toMatch(/completed|undone/)
}

/** What was asked for last: mailboxes show what it does before it has ended. */
async function lastEnded(): Promise<void> {
  const { items } = (await server.call('GET', '/actions?limit=1')) as { items: { id: string }[] }
  await ended(items[0]?.id ?? '')
}

describe('Action center in the browser', () => {
  beforeAll(async () => {
    opened = await openConsole()
    server = opened.server
    browser = opened.browser
    await fill(server)
    const { page, context } = await watchedPage(browser, server.url)
    await page.goto(`/setup?code=${server.setupCode}`)
    await page.getByLabel('Name').fill(PERSON.name)
    await page.getByLabel('Email').fill(PERSON.email)
    await page.getByLabel('Password').fill(PERSON.password)
    await page.getByRole('button', { name: 'Make administrator and sign in' }).click()
    await page.getByRole('heading', { name: 'Explorer', level: 1 }).waitFor()
    await context.close()
    const made = (await server.call('POST', '/entries', {
      action: 'block',
      kind: 'sender',
      value: SENDER,
      expiresInDays: null,
    })) as { id: string; entry?: { id: string } }
    entry = made.entry?.id ?? made.id
  })

  afterAll(() => opened?.close())

  test('history: filters in the address, the flyout of an entry, undo from it to the mailbox', async () => {
    const before = inboxes()
    const id = await take({ sender: SENDER, recipient: 'leon.brandt@alderfinch.example' }, { name: 'Take Leon’s' })
    await ended(id)
    expect(inboxes()).toHaveLength(before.length - 1)
    const { page, context, problems } = await watchedPage(browser, server.url)
    await signIn(page)
    await page.getByRole('link', { name: 'Action center' }).first().click()
    await page.getByRole('row', { name: /Take Leon’s/ }).waitFor()
    await page.getByRole('searchbox', { name: /^Search name/ }).fill('no such name')
    await page.getByText('No action in this period').waitFor()
    expect(page.url()).toContain('q=no')
    await page.getByRole('button', { name: 'Clear filters' }).click()
    await page.getByRole('row', { name: /Take Leon’s/ }).waitFor()
    await page.getByRole('combobox', { name: 'Period' }).click()
    await page.getByRole('option', { name: 'Custom' }).click()
    await page.getByLabel('Changed from').waitFor()
    await page.getByRole('row', { name: /Take Leon’s/ }).waitFor()
    await page.getByLabel('Changed to').fill('2020-01-01T00:00')
    await page.getByText('No action in this period').waitFor()
    expect(page.url()).toContain('period=custom')
    expect(await violations(page)).toEqual([])
    await page.getByRole('button', { name: 'Clear filters' }).click()
    await page.getByRole('row', { name: /Take Leon’s/ }).click()
    const flyout = page.getByRole('dialog')
    await flyout.getByText('1 of 1 copy ended, 1 verified in the mailbox').waitFor()
    await flyout.getByRole('row', { name: /leon\.brandt/ }).waitFor()
    expect(await violations(page)).toEqual([])
    await settled(page)
    await shot(page, 'flyout')
    await flyout.getByRole('button', { name: 'Undo', exact: true }).click()
    await page.getByText('1 copy goes back to 1 mailbox.').waitFor()
    await page.getByRole('button', { name: 'Undo action' }).click()
    await page.getByRole('heading', { name: 'Undo: Take Leon’s' }).waitFor()
    await lastEnded()
    expect(inboxes()).toEqual(before)
    await page.goBack()
    expect(problems).toEqual([])
    await context.close()
  })

  test('by cause: everything that a list entry did comes back from all its actions, the entry is suspended with it', async () => {
    const before = inboxes()
    const all = holding(SHARED)
    const cause = { kind: 'entry', id: entry, version: 1 }
    const halves = ['amara.osei', 'yuki.tanabe'].map((name) => `${name}@alderfinch.example`)
    for (const recipient of halves) await ended(await take({ sender: SENDER, recipient }, { cause }))
    expect(holding(SHARED)).toBe(all - halves.length)
    const { page, context, problems } = await watchedPage(browser, server.url)
    await signIn(page)
    await page.getByRole('link', { name: 'Tenant Allow/Block List' }).click()
    await page.getByRole('checkbox', { name: new RegExp(SENDER) }).click()
    await page.getByRole('button', { name: 'Undo what it did' }).click()
    await page.getByText(`${halves.length} copies go back to ${halves.length} mailboxes.`).waitFor()
    await page.getByText(`${halves.length} actions`).waitFor()
    expect(await violations(page)).toEqual([])
    await shot(page, 'undo-by-cause')
    await page.getByRole('checkbox', { name: /suspend the cause/ }).check()
    await page.getByRole('button', { name: 'Undo all of it' }).click()
    await page.getByRole('heading', { name: 'Results' }).waitFor()
    await lastEnded()
    // The door that it came through.
    expect(((await server.call('GET', '/actions?limit=1')) as { items: unknown[] }).items).toMatchObject([
      { kind: 'undo', source: 'lists' },
    ])
    expect(inboxes()).toEqual(before)
    const gone = async () => ((await server.call('GET', `/entries/${entry}`)) as { state: string }).state
    await expect.poll(gone).toBe('removed')
    // A second time there is nothing left to take back, and the page says so.
    await page.getByRole('link', { name: 'Action center' }).first().click()
    await page.getByRole('button', { name: 'Undo by cause' }).click()
    await page.getByLabel('Allow/Block List entry').fill(entry)
    await page.getByRole('button', { name: 'Preview' }).click()
    await page.getByText('Nothing of this can be taken back.').waitFor()
    expect(await page.getByRole('button', { name: 'Undo all of it' }).isDisabled()).toBe(true)
    expect(problems).toEqual([])
    await context.close()
  })

  test('pending: two are rejected in one go, one as a false positive; what somebody decided meanwhile is told', async () => {
    const { token } = (await server.call('POST', '/tokens', {
      name: 'proposer',
      permissions: ['mail.read', 'remediation.propose'],
    })) as { token: string }
    const propose = async (recipient: string, name: string) => {
      const response = await fetch(`${server.url}/api/v1/actions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ kind: 'soft-delete', select: { filter: { sender: SENDER, recipient } }, name }),
      })
      return ((await response.json()) as { id: string }).id
    }
    const before = inboxes()
    const people = ['amara.osei', 'leon.brandt', 'yuki.tanabe', 'sofia.marchetti'].map((n) => `${n}@alderfinch.example`)
    const ids: string[] = []
    for (const [n, recipient] of people.entries()) ids.push(await propose(recipient, `Proposal ${n}`))
    const { page, context, problems } = await watchedPage(browser, server.url)
    await signIn(page)
    await page.getByRole('link', { name: 'Action center' }).first().click()
    await page.getByRole('tab', { name: 'Pending' }).click()
    for (const n of [0, 1]) await page.getByRole('checkbox', { name: new RegExp(`Proposal ${n}`) }).click()
    await page.getByRole('button', { name: 'Reject', exact: true }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Reject', exact: true }).click()
    await page.getByText('Reject: 2 of 2 actions').waitFor()

    await page.getByRole('row', { name: /Proposal 2/ }).click()
    const flyout = page.getByRole('dialog')
    await flyout.getByText('1 copy waits for a decision').waitFor()
    await flyout.getByRole('button', { name: 'Reject', exact: true }).click()
    await page.getByRole('checkbox', { name: 'This was a false positive' }).check()
    await page.getByText('1 message is submitted as clean.').waitFor()
    expect(await violations(page)).toEqual([])
    await shot(page, 'reject-false-positive')
    await page.getByRole('dialog').last().getByRole('button', { name: 'Reject', exact: true }).click()
    await flyout.getByText(/False positive, by/).waitFor()
    const { items } = (await server.call('GET', '/submissions')) as { items: unknown[] }
    expect(items).toHaveLength(1)

    await page.goto(`/action-center/${ids[3]}`)
    await page.getByRole('button', { name: 'Approve', exact: true }).click()
    await server.call('POST', `/actions/${ids[3]}/reject`, { why: 'I was first' })
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: 'Approve', exact: true }).click()
    await dialog.getByText(/was rejected by/).waitFor()
    expect(inboxes()).toEqual(before)
    // The browser itself reports the refusal.
    expect(problems.filter((text) => !text.includes('409'))).toEqual([])
    await context.close()
  })

  test('the wizard: a move, a submission and a block entry in one plan under one approval ID (explorer #85)', async () => {
    const before = inboxes()
    const { page, context, problems } = await watchedPage(browser, server.url)
    await signIn(page)
    await page.goto(`/explorer?sender=${encodeURIComponent(SENDER)}&recipient=nadia.haddad%40alderfinch.example`)
    await page.getByRole('checkbox', { name: 'Choose all that are loaded' }).click()
    await page.getByRole('button', { name: 'Take action' }).click()
    await page.getByRole('radio', { name: /^Soft deleted items/ }).check()
    await page.getByRole('combobox', { name: 'Submission' }).click()
    await page.getByRole('option', { name: 'Submit as phish' }).click()
    await page.getByRole('checkbox', { name: 'Block the sender', exact: true }).check()
    await page.getByLabel('Entries expire after days').fill('400')
    await page.getByText(/expire after 1 to 90 days/).waitFor()
    expect(await page.getByRole('button', { name: 'Next' }).isDisabled()).toBe(true)
    await page.getByLabel('Entries expire after days').fill('14')
    expect(await violations(page)).toEqual([])
    await shot(page, 'wizard')
    for (let step = 0; step < 3; step++) await page.getByRole('button', { name: 'Next' }).click()
    await page.getByText('will be acted on').waitFor()
    await page.getByText('1 message is submitted as phish.').waitFor()
    await page.getByText('1 entry is made').waitFor()
    expect(await violations(page)).toEqual([])
    await shot(page, 'wizard-review')
    await page.getByRole('button', { name: 'Submit' }).dblclick()
    await page.getByRole('heading', { name: 'Results' }).waitFor()
    await page.getByText('Together with').waitFor()
    const { items } = (await server.call('GET', '/actions?q=Soft%20delete')) as {
      items: { id: string; kind: string; approvalId: string }[]
    }
    const own = items.filter((one) => one.kind === 'soft-delete' && one.approvalId === items[0]?.approvalId)
    const { items: entries } = (await server.call('GET', '/entries')) as {
      items: { action: string; kind: string; value: string; state: string; expiresAt: string | null }[]
    }
    const made = entries.filter((one) => one.action === 'block' && one.value === SENDER && one.state === 'active')
    expect(made).toMatchObject([{ action: 'block' }])
    const days = (Date.parse(made[0]?.expiresAt ?? '') - Date.now()) / 86_400_000
    expect(days).toBeGreaterThan(13)
    expect(days).toBeLessThanOrEqual(14)
    // The double click is one wish.
    expect(own).toHaveLength(1)
    await ended(own[0]?.id ?? '')
    expect(inboxes()).toHaveLength(before.length - 1)
    const undo = (await server.call('POST', `/actions/${own[0]?.id}/undo`, {})) as { id: string }
    await ended(undo.id)
    expect(inboxes()).toEqual(before)
    expect(problems).toEqual([])
    await context.close()
  })

  test('from an entry of History: what it touched is acted on again, at its latest place (air #118)', async () => {
    const before = inboxes()
    const first = await take(
      { sender: SENDER, recipient: 'sofia.marchetti@alderfinch.example' },
      { kind: 'move', target: 'junk', name: 'Junk Sofia’s' },
    )
    await ended(first)
    expect(inboxes()).toHaveLength(before.length - 1)
    const { page, context, problems } = await watchedPage(browser, server.url)
    await signIn(page)
    await page.goto(`/action-center?open=${first}`)
    await page.getByRole('dialog').getByRole('button', { name: 'Take action' }).click()
    await page.getByRole('radio', { name: /^Inbox/ }).check()
    for (let step = 0; step < 3; step++) await page.getByRole('button', { name: 'Next' }).click()
    await page.getByText('1 copy of 1 message is moved in 1 mailbox.').waitFor()
    await page.getByRole('button', { name: 'Submit' }).click()
    await page.getByRole('heading', { name: /^Move to Inbox/ }).waitFor()
    await lastEnded()
    expect(inboxes()).toHaveLength(before.length)
    expect(problems).toEqual([])
    await context.close()
  })

  test('two copies left in doubt: one is chosen in the flyout, the other one goes; the log says who chose, the second is told so', async () => {
    const to = 'leon.brandt@alderfinch.example'
    const text = 'Twice upon a time'
    const letter = `From: teller@tales.example\r\nTo: ${to}\r\nSubject: A tale\r\nMessage-ID: <twice@tales.example>\r\n\r\n${text}\r\n`
    await server.call(
      'POST',
      `/import?${new URLSearchParams({ recipient: to, mailFrom: 'teller@tales.example' })}`,
      Buffer.from(letter),
    )
    const moved = await take(
      { sender: 'teller@tales.example' },
      { kind: 'move', target: 'junk', name: 'Junk the tale' },
    )
    await ended(moved)
    const item = await leaveInDoubt(server, moved, text)
    const places = () =>
      maildirCopies(server.mail)
        .filter((copy) => copy.text.includes(text))
        .map((copy) => copy.folder)
        .sort()
    expect(places()).toEqual(['.Junk', 'INBOX'])
    const { page, context, problems } = await watchedPage(browser, server.url)
    await signIn(page)
    await page.goto(`/action-center?open=${moved}`)
    const flyout = page.getByRole('dialog')
    await flyout.getByRole('button', { name: `Keep one of two copies, ${to}` }).click()
    const ask = page.getByRole('dialog', { name: 'Keep one of two copies' })
    expect(await ask.getByRole('button', { name: 'Keep this one' }).isDisabled()).toBe(true)
    await ask.getByRole('radio', { name: /^Junk/ }).check()
    await ask.getByText('The copy in INBOX is removed as by a soft delete').waitFor()
    await settled(page)
    expect(await violations(page)).toEqual([])
    await shot(page, 'keep-one')
    await ask.getByRole('button', { name: 'Keep this one' }).click()
    await page.getByRole('heading', { name: 'Keep the copy in Junk, remove the one in INBOX' }).waitFor()
    await page.getByText('1 of 1 copy ended, 1 verified in the mailbox').waitFor()
    expect(places().filter((folder) => folder === 'INBOX')).toEqual([])
    await page.goto(`/action-center/${moved}`)
    await page.getByRole('link', { name: `${PERSON.name}: Junk stays` }).waitFor()
    const late = server.call('POST', `/actions/${moved}/items/${item}/keep`, { folder: 'INBOX' })
    await expect(late).rejects.toThrow(`${PERSON.name} was first: the copy in Junk stays`)
    expect(problems).toEqual([])
    await context.close()
  })

  test('without events the page asks by itself: progress goes on, the result shows', async () => {
    const { page, context } = await watchedPage(browser, server.url)
    await context.route('**/api/v1/events', (route) => route.abort())
    await signIn(page)
    const id = await take({ sender: SENDER, recipient: 'piet.vandam@alderfinch.example' }, { propose: true })
    await page.goto(`/action-center/${id}`)
    await page.getByText('1 copy waits for a decision').waitFor()
    await server.call('POST', `/actions/${id}/approve`, {})
    await page.getByText('1 of 1 copy ended, 1 verified in the mailbox').waitFor()
    await page.getByText('Completed').first().waitFor()
    await context.close()
  })

  test('at phone width nothing is wider than the window, and no rule of axe is broken', async () => {
    const { page, context } = await watchedPage(browser, server.url, { width: 360, height: 740, scheme: 'dark' })
    await signIn(page)
    for (const path of ['/action-center', '/action-center?tab=pending']) {
      await page.goto(path)
      await settled(page)
      expect(await overflow(page)).toBe(0)
      expect(await violations(page)).toEqual([])
    }
    await page.goto('/action-center')
    await page.getByText('Take Leon’s').first().click()
    await page.getByRole('heading', { name: /Take Leon’s/ }).waitFor()
    await settled(page)
    await shot(page, 'phone-action')
    expect(await overflow(page)).toBe(0)
    await context.close()
  })
})
