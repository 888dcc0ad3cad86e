// Quarantine as analysts use it: the real server, real Chromium, mailboxes in Maildir, from sign-in to what lies in the mailbox.
import { readFileSync } from 'node:fs'
import { BlobReader, TextWriter, ZipReader } from '@zip.js/zip.js'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ours, write } from '../demo/message.ts'
import { focusIsVisible, overflow, tabTo, violations, watchedPage } from './rig/browser.ts'
import { shot } from './rig/console-build.ts'
import { addReader, fill, settled, setUp, signIn } from './rig/console-steps.ts'
import { type MaildirCopy, maildirCopies } from './rig/maildir-state.ts'
import { type OpenConsole, openConsole } from './rig/open-console.ts'
import type { RunningServer } from './rig/running.ts'

const BOTH = 'Both of you, please'

let opened: OpenConsole | undefined
let server: RunningServer
let browser: Browser

const inboxes = (): MaildirCopy[] => maildirCopies(server.mail).filter((copy) => copy.folder === 'INBOX')
const holding = (text: string): MaildirCopy[] => inboxes().filter((copy) => copy.text.includes(text))
const row = (page: Page, name: RegExp) => page.getByRole('row', { name })
const panel = (page: Page) => page.getByRole('dialog')

/** Held because it shows the director's name. */
async function held(subject: string, to: readonly string[]): Promise<void> {
  const mail = write(
    {
      from: 'Ingrid Alder',
      fromAddress: `ingrid.${subject.toLowerCase().replace(/[^a-z]/g, '')}@freemail.example`,
      to: ours(to[0] ?? ''),
      subject,
      at: new Date(Date.now() - 600_000),
      auth: 'pass',
      ip: '198.51.100.78',
      text: `${subject}: call me.\n`,
      html: `<p>${subject}: call me. <a href="https://go.example/x">here</a></p>`,
    },
    subject,
  )
  const query = new URLSearchParams([...to.map((r) => ['recipient', ours(r)]), ['mailFrom', mail.mailFrom]])
  await server.call('POST', `/import?${query}`, mail.raw)
}

async function open(page: Page, query = ''): Promise<void> {
  await page.goto(`/quarantine${query}`)
  await page.getByRole('heading', { name: 'Quarantine', level: 1 }).waitFor()
}

describe('quarantine in the console', () => {
  beforeAll(async () => {
    opened = await openConsole()
    server = opened.server
    browser = opened.browser
    await setUp(server)
    await fill(server)
  })

  afterAll(() => opened?.close())

  test('find and look: columns, filters, details, headers, a safe preview (quarantine #38, #39, #49, #79, #80)', async () => {
    const { page, context, problems, strays } = await watchedPage(browser, server.url)
    await signIn(page)
    await page.getByRole('link', { name: 'Quarantine' }).click()
    await page.getByRole('heading', { name: 'Quarantine', level: 1 }).waitFor()
    await row(page, new RegExp(BOTH)).waitFor()
    const heads = await page.getByRole('columnheader').allTextContents()
    expect(heads.map((h) => h.replace(/ [↑↓]$/, '')).filter((h) => h !== '')).toEqual([
      'Time received',
      'Subject',
      'Sender',
      'Quarantine reason',
      'Release status',
      'Policy type',
      'Expires',
      'Recipient',
    ])
    expect(await page.getByRole('combobox', { name: 'Time received' }).textContent()).toContain('Last 7 days')
    expect(await violations(page)).toEqual([])
    await shot(page, 'q-list')

    await page.getByRole('button', { name: 'Add filter' }).click()
    await page.getByRole('menuitem', { name: 'Quarantine reason' }).click()
    await page.getByRole('checkbox', { name: 'Impersonation' }).check()
    await page.keyboard.press('Escape')
    await expect.poll(() => new URL(page.url()).searchParams.getAll('reason')).toEqual(['impersonation'])
    await expect.poll(() => row(page, /Impersonation/).count()).toBeGreaterThan(0)
    await expect.poll(() => row(page, /High confidence phish/).count()).toBe(0)
    // The last filters are there again, and can be cleared (quarantine #46).
    await page.getByRole('link', { name: 'Explorer' }).click()
    await page.getByRole('heading', { name: 'Explorer', level: 1 }).waitFor()
    await page.getByRole('link', { name: 'Quarantine' }).click()
    await expect.poll(() => new URL(page.url()).searchParams.getAll('reason')).toEqual(['impersonation'])
    await page.getByRole('button', { name: 'Clear filters' }).click()
    await expect.poll(() => new URL(page.url()).search).toBe('')

    await page.getByRole('columnheader', { name: 'Subject' }).getByRole('button').click()
    await expect.poll(() => new URL(page.url()).searchParams.get('sort')).toBe('subject')
    const sorted = async () => {
      const subjects = await page.getByRole('row').locator('[role=gridcell]:nth-child(3)').allTextContents()
      expect(subjects).toEqual(subjects.toSorted((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1)))
      return subjects.length
    }
    await expect.poll(sorted).toBeGreaterThan(3)

    await row(page, new RegExp(BOTH)).click({ position: { x: 300, y: 10 } })
    const details = page.getByRole('dialog', { name: BOTH })
    await details.getByText('Not yet released to').waitFor()
    for (const text of ['Impersonation', 'Anti-phishing policy', 'Standard', 'Why it is held', 'Authentication'])
      await details.getByText(text, { exact: true }).first().waitFor()
    expect(await details.getByRole('row', { name: /amara\.osei@.*Needs review/ }).count()).toBe(1)
    expect(await violations(page)).toEqual([])
    await shot(page, 'q-details')
    await details.getByRole('tab', { name: 'Message headers' }).click()
    await details.getByText(/Subject: Both of you/).waitFor()
    await details.getByRole('tab', { name: 'Preview' }).click()
    await details.getByRole('button', { name: 'Show preview' }).click()
    const frame = page.locator('iframe[title="Email preview"]')
    expect(await frame.getAttribute('sandbox')).toBe('')
    await page.frameLocator('iframe[title="Email preview"]').getByText('Call me before noon.').waitFor()
    await shot(page, 'q-preview')
    await details.getByRole('button', { name: 'Close' }).click()
    await details.waitFor({ state: 'hidden' })
    expect(problems.filter((p) => !p.includes('/preview/'))).toEqual([])
    expect(strays).toEqual([])
    await context.close()
  })

  test('from the page of a message that is held to its entry here, and from no other (explorer #65)', async () => {
    const { items } = (await server.call('GET', '/messages?limit=200')) as {
      items: { id: string; subject: string; copies: { latestLocation: string }[] }[]
    }
    const one = items.find((m) => m.subject === BOTH)
    const delivered = items.find((m) => m.copies.every((c) => c.latestLocation === 'inbox'))
    const { page, context, problems } = await watchedPage(browser, server.url)
    await signIn(page)
    await page.goto(`/messages/${delivered?.id}`)
    await page.getByRole('button', { name: 'Take action' }).waitFor()
    expect(await page.getByRole('link', { name: 'Go to quarantined email' }).count()).toBe(0)
    await page.goto(`/messages/${one?.id}`)
    await page.getByRole('link', { name: 'Go to quarantined email' }).waitFor()
    expect(await violations(page)).toEqual([])
    await page.getByRole('link', { name: 'Go to quarantined email' }).click()
    await page.getByRole('heading', { name: 'Quarantine', level: 1 }).waitFor()
    expect(new URL(page.url()).searchParams.getAll('messageId')).toEqual([one?.id])
    await row(page, new RegExp(BOTH)).waitFor()
    expect(await page.getByRole('row').locator('[role=gridcell]:nth-child(3)').count()).toBe(1)
    expect(problems).toEqual([])
    await context.close()
  })

  test('release to one of two with submission and allow entry, then to the other (quarantine #51, #53, #58, #59; explorer #81)', async () => {
    const { page, context, problems } = await watchedPage(browser, server.url)
    await signIn(page)
    await open(page)
    const mine = row(page, new RegExp(BOTH))
    await mine.waitFor()
    expect(holding(BOTH)).toEqual([])
    await mine.getByRole('checkbox').click()
    await page.getByRole('button', { name: 'Release', exact: true }).click()
    await panel(page).getByText('To 2 mailboxes: 2 copies of 1 message.').waitFor()
    await panel(page).getByRole('radio', { name: 'One or more of the original recipients' }).check()
    await panel(page).getByText('Choose at least one recipient.').waitFor()
    await panel(page)
      .getByRole('checkbox', { name: /amara\.osei/ })
      .check()
    await panel(page).getByText('To 1 mailbox: 1 copy of 1 message.').waitFor()
    await panel(page)
      .getByRole('checkbox', { name: /^Submit as a false positive/ })
      .check()
    await panel(page)
      .getByRole('checkbox', { name: /^Allow messages like this one/ })
      .check()
    expect(await violations(page)).toEqual([])
    await shot(page, 'q-release')
    await panel(page).getByRole('button', { name: 'Release message' }).click()
    await panel(page).getByText('Submitted as false positive: 1 message.').waitFor()
    await panel(page).getByText('ingrid.alder.private@freemail.example').waitFor()
    expect(await violations(page)).toEqual([])
    await shot(page, 'q-released')
    await panel(page).getByRole('button', { name: 'Done' }).click()
    await page.getByText('Released to 1 of 2').waitFor()
    expect(holding(BOTH).map((c) => c.mailbox.includes('amara.osei'))).toEqual([true])
    const entries = (await server.call('GET', '/entries?action=allow')) as {
      items: { value: string; origin: string }[]
    }
    expect(entries.items).toMatchObject([{ value: 'ingrid.alder.private@freemail.example', origin: 'submission' }])

    await mine.click({ position: { x: 300, y: 10 } })
    const details = page.getByRole('dialog', { name: BOTH })
    await details.getByRole('row', { name: /amara\.osei@.*Released.*Ada Analyst/ }).waitFor()
    await details.getByRole('button', { name: 'Release', exact: true }).click()
    await page.getByText('To 1 mailbox: 1 copy of 1 message.').waitFor()
    await page.getByRole('button', { name: 'Release message' }).click()
    await page.getByText('Being released: 1 message, 1 copy').waitFor()
    await page.getByRole('button', { name: 'Done' }).click()
    await expect.poll(() => holding(BOTH).length).toBe(2)
    await details.getByRole('row', { name: /leon\.brandt@.*Released/ }).waitFor()
    // Nothing is left to be released: it is greyed out, not offered.
    await expect
      .poll(() => details.getByRole('button', { name: 'Release', exact: true }).getAttribute('aria-disabled'))
      .toBe('true')
    expect(problems).toEqual([])
    await context.close()
  })

  test('delete and take it back; deny; keep longer; block the sender (quarantine #71, #77, #78, #86)', async () => {
    await held('To be deleted', ['yuki.tanabe'])
    const { page, context, problems } = await watchedPage(browser, server.url)
    await signIn(page)
    await open(page)
    const mine = row(page, /To be deleted/)
    const choose = async (what: string) => {
      await mine.getByRole('checkbox').click()
      await page.getByRole('button', { name: 'More' }).click()
      await page.getByRole('menuitem', { name: what }).click()
    }
    await mine.waitFor()
    await choose('Deny release')
    await panel(page).getByRole('button', { name: 'Deny release' }).click()
    await panel(page).getByText('Release denied: 1 message, 1 copy').waitFor()
    await panel(page).getByRole('button', { name: 'Done' }).click()
    await page.getByText('Denied', { exact: true }).waitFor()
    const before = await mine.locator('time').last().getAttribute('datetime')
    await choose('Keep longer')
    await panel(page).getByRole('combobox').click()
    await page.getByRole('option', { name: '60 days' }).click()
    expect(await violations(page)).toEqual([])
    await panel(page).getByRole('button', { name: 'Keep', exact: true }).click()
    await panel(page).getByText('Kept longer: 1 message, 1 copy').waitFor()
    await panel(page).getByRole('button', { name: 'Done' }).click()
    await expect
      .poll(
        async () =>
          Date.parse((await mine.locator('time').last().getAttribute('datetime')) ?? '') - Date.parse(before ?? ''),
      )
      .toBeGreaterThan(29 * 86_400_000)
    await choose('Block sender')
    await panel(page).getByText('ingrid.tobedeleted@freemail.example').waitFor()
    expect(await violations(page)).toEqual([])
    await shot(page, 'q-block')
    await panel(page).getByRole('button', { name: 'Block', exact: true }).click()
    await panel(page).getByRole('status').getByText('Blocked').waitFor()
    await panel(page).getByRole('button', { name: 'Done' }).click()

    await mine.getByRole('checkbox').click()
    await page.getByRole('button', { name: 'Delete', exact: true }).click()
    await panel(page).getByText('1 copy of 1 message will be deleted.').waitFor()
    expect(await violations(page)).toEqual([])
    await shot(page, 'q-delete')
    await panel(page).getByRole('button', { name: 'Delete', exact: true }).click()
    await panel(page).getByText('Being deleted: 1 message, 1 copy').waitFor()
    await panel(page).getByRole('link', { name: 'Progress in the Action center' }).click()
    await page.waitForURL(/action-center/)
    const [action] = ((await server.call('GET', '/actions?limit=1')) as { items: { id: string; kind: string }[] }).items
    expect(action?.kind).toBe('soft-delete')
    const path = `/actions/${action?.id}`
    const ended = async () => ((await server.call('GET', path)) as { state: string }).state
    await expect.poll(ended).toBe('completed')
    await open(page, '?status=deleted&q=To+be+deleted')
    await mine.waitFor()
    await server.call('POST', `${path}/undo`, {})
    await open(page, '?status=needs-review&q=To+be+deleted')
    await mine.waitFor()
    expect(holding('To be deleted')).toEqual([])
    expect(problems).toEqual([])
    await context.close()
  })

  test('download: reason and password, an archive that opens with it only (quarantine #81, #82)', async () => {
    const { page, context, problems } = await watchedPage(browser, server.url)
    await signIn(page)
    await open(page, '?q=To+be+deleted&received=all')
    await row(page, /To be deleted/)
      .getByRole('checkbox')
      .click()
    await page.getByRole('button', { name: 'More' }).click()
    await page.getByRole('menuitem', { name: 'Download messages' }).click()
    expect(await panel(page).getByRole('button', { name: 'Download' }).isDisabled()).toBe(true)
    await panel(page).getByLabel('Reason for downloading').fill('ticket 4711')
    expect(await panel(page).getByLabel('Password').inputValue()).toBe('infected')
    await panel(page).getByLabel('Password').fill('s3cret')
    expect(await violations(page)).toEqual([])
    await shot(page, 'q-download')
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      panel(page).getByRole('button', { name: 'Download' }).click(),
    ])
    expect(download.suggestedFilename()).toBe('Quarantined Messages.zip')
    const bytes = readFileSync(await download.path())
    const entries = async (password: string) =>
      (await new ZipReader(new BlobReader(new Blob([new Uint8Array(bytes)])), { password }).getEntries())[0]
    const right = await entries('s3cret')
    if (!right || right.directory) expect.fail('the archive is empty')
    expect(await right.getData(new TextWriter())).toContain('Subject: To be deleted')
    const wrong = await entries('infected')
    if (!wrong || wrong.directory) expect.fail('the archive is empty')
    await expect(wrong.getData(new TextWriter())).rejects.toThrow()
    await panel(page).waitFor({ state: 'hidden' })
    expect(problems).toEqual([])
    await context.close()
  })

  test('all that match: chosen in one go, counted, released, each once (quarantine #93)', async () => {
    for (let i = 0; i < 5; i++) await held(`Bulk letter ${'abcde'[i]}`, ['yuki.tanabe', 'leon.brandt'])
    const { page, context, problems } = await watchedPage(browser, server.url)
    await signIn(page)
    await open(page, '?q=Bulk+letter')
    await expect.poll(() => row(page, /Bulk letter/).count()).toBe(5)
    await page.getByRole('checkbox', { name: 'Choose all that are loaded' }).click()
    await page.getByRole('button', { name: 'Choose all that match (5 messages)' }).click()
    await page.getByRole('button', { name: 'Release', exact: true }).click()
    await panel(page).getByText('To 2 mailboxes: 10 copies of 5 messages.').waitFor()
    await panel(page).getByRole('button', { name: 'Release message' }).click()
    await panel(page).getByText('Being released: 5 messages, 10 copies').waitFor()
    await panel(page).getByRole('button', { name: 'Done' }).click()
    await expect.poll(() => holding('Bulk letter').length).toBe(10)
    await expect.poll(() => row(page, /Bulk letter.*Released/).count()).toBe(5)
    expect(problems).toEqual([])
    await context.close()
  })

  test('a copy to somebody else, and a clear word to whom it cannot go (quarantine #57)', async () => {
    await held('Copy for Amara', ['yuki.tanabe'])
    const { page, context, problems } = await watchedPage(browser, server.url)
    await signIn(page)
    await open(page, '?q=Copy+for+Amara')
    await row(page, /Copy for Amara/)
      .getByRole('checkbox')
      .click()
    await page.getByRole('button', { name: 'Release', exact: true }).click()
    const other = panel(page).getByLabel('Send a copy to other recipients')
    const go = panel(page).getByRole('button', { name: 'Release message' })
    await other.fill('somebody@elsewhere.example')
    // Told before the click: nothing that would be refused can be asked for.
    await panel(page).getByText('somebody@elsewhere.example is not a mailbox of this organisation.').waitFor()
    expect(await go.isDisabled()).toBe(true)
    expect(await violations(page)).toEqual([])
    await other.fill(ours('yuki.tanabe'))
    await panel(page).getByText('has a copy of this message already.').waitFor()
    await other.fill('amara')
    await panel(page).getByText('amara is not a whole address.').waitFor()
    await other.fill(ours('amara.osei'))
    await panel(page).getByText('And a copy of 1 message to 1 other mailbox: 1 copy.').waitFor()
    await shot(page, 'quarantine-others')
    await go.click()
    await panel(page).getByText('Being released: 1 message').waitFor()
    await expect.poll(() => holding('Copy for Amara').length).toBe(2)
    expect(holding('Copy for Amara').some((c) => c.mailbox.includes('amara.osei'))).toBe(true)
    expect(problems).toEqual([])
    await context.close()
  })

  test('originals and copies for somebody else that are too many together: told before the click, and so it comes', async () => {
    await held('Two are too many', ['yuki.tanabe'])
    const policy = (await server.call('GET', '/policy')) as { approvals: object }
    const setApprovals = async (secondAbove: number | null) => {
      const { version } = (await server.call('GET', '/policy')) as { version?: number }
      await server.call('PUT', '/policy', { ...policy, version, approvals: { ...policy.approvals, secondAbove } })
    }
    await setApprovals(1)
    const { page, context, problems } = await watchedPage(browser, server.url)
    await signIn(page)
    await open(page, '?q=Two+are+too+many')
    await row(page, /Two are too many/)
      .getByRole('checkbox')
      .click()
    await page.getByRole('button', { name: 'Release', exact: true }).click()
    await panel(page).getByText('To 1 mailbox: 1 copy of 1 message.').waitFor()
    const waits = panel(page).getByText('It waits in the Action center until two people approve it')
    expect(await waits.count()).toBe(0)
    await panel(page).getByLabel('Send a copy to other recipients').fill(ours('amara.osei'))
    await waits.getByText('2 copies are more than 1').waitFor()
    expect(await violations(page)).toEqual([])
    await shot(page, 'q-needs-approval')
    await panel(page).getByRole('button', { name: 'Release message' }).click()
    await panel(page).getByText('Asked for: 1 message').waitFor()
    expect(holding('Two are too many')).toEqual([])
    await setApprovals(null)
    expect(problems).toEqual([])
    await context.close()
  })

  test('from Explorer, too: what refuses a copy for somebody else is shown at the review', async () => {
    await held('From Explorer', ['yuki.tanabe'])
    const { page, context, problems } = await watchedPage(browser, server.url)
    await signIn(page)
    await page.goto('/explorer?q=From+Explorer')
    await page.getByRole('checkbox', { name: 'Choose all that are loaded' }).click()
    await page.getByRole('button', { name: 'Take action' }).click()
    await page.getByRole('radio', { name: /^Release/ }).check()
    const other = page.getByLabel('Send a copy to')
    await other.fill(`yuki, ${ours('yuki.tanabe')}`)
    await page.getByRole('alert').getByText('yuki is not a whole address.').waitFor()
    expect(await page.getByRole('button', { name: 'Next' }).isDisabled()).toBe(true)
    const review = async (to: string) => {
      await other.fill(to)
      for (let step = 0; step < 3; step++) await page.getByRole('button', { name: 'Next' }).click()
    }
    await review(ours('yuki.tanabe'))
    await page.getByText('has a copy of this message already.').waitFor()
    for (let step = 0; step < 3; step++) await page.getByRole('button', { name: 'Back' }).click()
    await review(ours('amara.osei'))
    await page.getByText('And a copy of 1 message to 1 other mailbox: 1 copy.').waitFor()
    await page.getByRole('button', { name: 'Submit' }).click()
    await expect.poll(() => holding('From Explorer').length).toBe(2)
    expect(problems).toEqual([])
    await context.close()
  })

  test('by keyboard alone: find, open, look, release, and back where it began', async () => {
    await held('By keyboard', ['yuki.tanabe'])
    const { page, context, problems } = await watchedPage(browser, server.url)
    const keys = page.keyboard
    await signIn(page)
    await open(page, '?q=By+keyboard')
    await row(page, /By keyboard/).waitFor()
    await tabTo(page, 'row', /By keyboard/)
    expect(await focusIsVisible(page)).toBe(true)
    await keys.press('Enter')
    const details = page.getByRole('dialog', { name: 'By keyboard' })
    await details.getByText('Not yet released to').waitFor()
    await tabTo(page, 'tab', 'Details')
    await keys.press('ArrowRight')
    await keys.press('Enter')
    await details.getByText(/Subject: By keyboard/).waitFor()
    await keys.press('Escape')
    await details.waitFor({ state: 'hidden' })
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('role'))).toBe('row')
    await keys.press('Space')
    await page.getByText('1 message chosen').waitFor()
    await tabTo(page, 'button', 'Release')
    await keys.press('Enter')
    await panel(page).getByText('To 1 mailbox: 1 copy of 1 message.').waitFor()
    await tabTo(page, 'button', 'Release message')
    expect(await focusIsVisible(page)).toBe(true)
    await keys.press('Enter')
    await panel(page).getByText('Being released: 1 message, 1 copy').waitFor()
    await tabTo(page, 'button', 'Done')
    await keys.press('Enter')
    await expect.poll(() => holding('By keyboard').length).toBe(1)
    expect(problems).toEqual([])
    await context.close()
  })

  test('Back closes what is in front, not what lies under it; Forward opens nothing over it', async () => {
    const { page, context, problems } = await watchedPage(browser, server.url, { width: 390, height: 800 })
    page.setDefaultTimeout(20_000)
    await signIn(page)
    await held('Back and forth', ['yuki.tanabe'])
    await open(page, '?q=Back+and+forth')
    await row(page, /Back and forth/)
      .getByText('Back and forth')
      .click()
    const details = page.getByRole('dialog', { name: 'Back and forth' })
    await details.getByRole('button', { name: 'Release', exact: true }).click()
    const go = page.getByRole('button', { name: 'Release message' })
    await go.waitFor()
    await page.goBack()
    await go.waitFor({ state: 'detached' })
    await details.waitFor({ state: 'detached' })
    await row(page, /Back and forth/).waitFor()
    await page.goForward()
    await details.getByText('Not yet released to').waitFor()
    expect(await go.count()).toBe(0)
    expect(problems).toEqual([])
    await context.close()
  })

  test('on a phone and in the dark: everything is there, nothing is wider than the screen', async () => {
    await held('On the phone', ['yuki.tanabe', 'leon.brandt'])
    for (const scheme of ['light', 'dark'] as const) {
      const { page, context, problems } = await watchedPage(browser, server.url, { scheme, width: 360, height: 740 })
      await signIn(page)
      await open(page, '?q=On+the+phone')
      await row(page, /On the phone/).waitFor()
      expect(await overflow(page)).toBe(0)
      expect(await violations(page)).toEqual([])
      await shot(page, `q-phone-${scheme}`)
      await row(page, /On the phone/).click({ position: { x: 150, y: 40 } })
      const details = page.getByRole('dialog', { name: 'On the phone' })
      await details.getByText('Not yet released to').waitFor()
      await settled(page)
      expect(await overflow(page)).toBe(0)
      expect(await violations(page)).toEqual([])
      await shot(page, `q-phone-details-${scheme}`)
      await details.getByRole('button', { name: 'Release', exact: true }).click()
      await page.getByText('To 2 mailboxes: 2 copies of 1 message.').waitFor()
      expect(await overflow(page)).toBe(0)
      expect(await violations(page)).toEqual([])
      await shot(page, `q-phone-release-${scheme}`)
      expect(problems).toEqual([])
      await context.close()
    }
  })

  test('somebody who only reads sees and looks, and is offered nothing else (quarantine #109)', async () => {
    const { page, context, problems } = await watchedPage(browser, server.url)
    await signIn(page, await addReader(server))
    await page.getByRole('link', { name: 'Quarantine' }).click()
    await row(page, /On the phone/).waitFor()
    for (const name of ['Release', 'Delete', 'More'])
      expect(await page.getByRole('button', { name, exact: true }).count()).toBe(0)
    await row(page, /On the phone/).click({ position: { x: 300, y: 10 } })
    const details = page.getByRole('dialog', { name: 'On the phone' })
    await details.getByText('Not yet released to').waitFor()
    expect(await details.getByRole('button', { name: 'Release', exact: true }).count()).toBe(0)
    await details.getByRole('tab', { name: 'Preview' }).click()
    await details.getByText('You may not read the content of mail').waitFor()
    expect(await violations(page)).toEqual([])
    expect(problems).toEqual([])
    await context.close()
  })
})
