// The console as people use it: the real server, real Chromium, mailboxes in Maildir.
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { focusInDialog, focusIsVisible, overflow, tabTo, violations, watchedPage } from './rig/browser.ts'
import { shot } from './rig/console-build.ts'
import { arrowTo, everyPage, fill, many, PERSON, settled, signIn, tabBackTo, takeAction } from './rig/console-steps.ts'
import * as explorer from './rig/explorer-walk.ts'
import { type MaildirCopy, maildirCopies } from './rig/maildir-state.ts'
import { type OpenConsole, openConsole } from './rig/open-console.ts'
import type { RunningServer } from './rig/running.ts'

const SHARED = 'a plan was shared with you'

let opened: OpenConsole | undefined
let server: RunningServer
let browser: Browser

const inboxes = (): MaildirCopy[] => maildirCopies(server.mail).filter((copy) => copy.folder === 'INBOX')
const holding = (text: string): MaildirCopy[] => inboxes().filter((copy) => copy.text.includes(text))

describe('console', () => {
  beforeAll(async () => {
    opened = await openConsole()
    server = opened.server
    browser = opened.browser
    await fill(server)
  })

  afterAll(() => opened?.close())

  test('first run: the one-time code of the address makes the administrator and signs in', async () => {
    const { page, context, problems, strays } = await watchedPage(browser, server.url)
    await page.goto(`/setup?code=${server.setupCode}`)
    expect(await page.getByLabel('One-time code').inputValue()).toBe(server.setupCode)
    expect(await violations(page)).toEqual([])
    await shot(page, 'setup')
    await page.getByLabel('Name').fill(PERSON.name)
    await page.getByLabel('Email').fill(PERSON.email)
    await page.getByLabel('Password').fill(PERSON.password)
    await page.getByRole('button', { name: 'Make administrator and sign in' }).click()
    await page.getByRole('heading', { name: 'Explorer', level: 1 }).waitFor()
    expect(problems).toEqual([])

    await page.getByRole('button', { name: /^Account of/ }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await page.getByLabel('Email').fill(PERSON.email)
    await page.getByLabel('Password').fill('not the pass phrase')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('alert').getByText('The address or the password is not right.').waitFor()
    expect(await violations(page)).toEqual([])
    await shot(page, 'sign-in-refused')
    // The browser reports the refusal itself; nothing else may be there.
    expect(problems.filter((p) => !p.includes('401'))).toEqual([])
    expect(strays).toEqual([])
    // A second use of the code is refused: the page sends to the sign-in.
    await page.goto(`/setup?code=${server.setupCode}`)
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    await context.close()
  })

  test('list → filter → message → preview → report → take action → live progress → undo, seen in the mailboxes', async () => {
    const { page, context, problems, strays } = await watchedPage(browser, server.url)
    await signIn(page)
    const before = inboxes()
    expect(holding(SHARED).length).toBeGreaterThan(3)

    await page.getByRole('button', { name: 'Add filter' }).click()
    await page.getByRole('menuitem', { name: 'Sender domain' }).click()
    await page.getByLabel('Sender domain, any of').fill('docs-portal.example')
    await page.getByRole('button', { name: 'Apply' }).click()
    await page
      .getByRole('link', { name: new RegExp(SHARED) })
      .first()
      .waitFor()
    await expect.poll(() => new URL(page.url()).searchParams.getAll('senderDomain')).toEqual(['docs-portal.example'])
    const rows = page.getByRole('grid', { name: 'Messages' }).getByRole('row', { name: new RegExp(SHARED) })
    await expect.poll(() => rows.count()).toBe(holding(SHARED).length)
    await shot(page, 'explorer')

    await page
      .getByRole('link', { name: new RegExp(SHARED) })
      .first()
      .click()
    await page.getByRole('heading', { name: 'Verdict' }).waitFor()
    await shot(page, 'email-entity')
    await report(page)

    await page.goBack()
    await page.getByRole('checkbox', { name: 'Choose all that are loaded' }).click()
    await takeAction(page, /^Soft deleted items/)
    await page.getByText(/(\d+) of \1 copies ended, \1 verified in the mailbox/).waitFor()
    await page.getByText('Completed').first().waitFor()
    await shot(page, 'action')
    expect(holding(SHARED)).toEqual([])

    await page.getByRole('button', { name: 'Undo', exact: true }).click()
    await page.getByText('exactly as before').waitFor()
    expect(await violations(page)).toEqual([])
    await shot(page, 'undo')
    await page.getByRole('button', { name: 'Undo action' }).click()
    await page.getByText('The action that this undoes').waitFor()
    await page.getByText(/(\d+) of \1 copies ended, \1 verified in the mailbox/).waitFor()
    expect(inboxes()).toEqual(before)
    await page.getByRole('link', { name: 'The action that this undoes' }).click()
    await page.getByText('Undone', { exact: true }).waitFor()
    expect(problems).toEqual([])
    expect(strays).toEqual([])
    await context.close()
  })

  test('Explorer: columns, every filter, charts, counts, files, saved queries, similar mail (explorer #9-11, #41-45, #51, #52, #64)', async () => {
    const { page, context, problems, strays } = await watchedPage(browser, server.url)
    await signIn(page)
    await explorer.columns(page)
    await explorer.filters(page, server)
    await explorer.chart(page, server)
    await explorer.tops(page, server)
    await explorer.files(page, server)
    await explorer.queries(page, server)
    await explorer.similar(page, server)
    // A condition that is refused is an error in the browser's console, too.
    expect(problems.filter((p) => !p.includes('422'))).toEqual([])
    expect(strays).toEqual([])
    await context.close()
    const phone = await watchedPage(browser, server.url, { scheme: 'dark', width: 360, height: 740 })
    await signIn(phone.page)
    await explorer.narrow(phone.page)
    expect([...phone.problems, ...phone.strays]).toEqual([])
    await phone.context.close()
  })

  test('what somebody may only propose waits on its page until it is approved or rejected (explorer #90, #92)', async () => {
    const { token } = (await server.call('POST', '/tokens', {
      name: 'proposer',
      permissions: ['mail.read', 'remediation.propose'],
    })) as { token: string }
    const { page, context, problems } = await watchedPage(browser, server.url)
    await signIn(page)
    const one = { sender: 'share@docs-portal.example', recipient: 'amara.osei@alderfinch.example' }
    const all = holding(SHARED).length
    let action = ''
    for (const [decision, end, taken] of [
      ['Reject', 'Rejected', false],
      ['Approve', 'Completed', true],
    ] as const) {
      const response = await fetch(`${server.url}/api/v1/actions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ kind: 'move', target: 'junk', select: { filter: one } }),
      })
      const { id } = (await response.json()) as { id: string }
      await page.goto(`/action-center/${id}`)
      await page.getByText('Pending approval').waitFor()
      expect(holding(SHARED)).toHaveLength(all)
      await page.getByRole('button', { name: decision, exact: true }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByLabel('Comment').fill(`${decision}: a test`)
      expect(await violations(page)).toEqual([])
      await dialog.getByRole('button', { name: decision, exact: true }).click()
      await page.getByText(end, { exact: true }).first().waitFor()
      await page.getByText(`${decision}: a test`).first().waitFor()
      expect(holding(SHARED)).toHaveLength(taken ? all - 1 : all)
      action = id
    }
    await server.call('POST', `/actions/${action}/undo`, { folderGone: 'recreate' })
    await expect
      .poll(() => server.call('GET', `/actions/${action}`) as Promise<Record<string, unknown>>)
      .toMatchObject({ state: 'undone' })
    expect(holding(SHARED)).toHaveLength(all)
    expect(problems).toEqual([])
    await context.close()
  })

  test('an entry is tried against the past, saved and removed', async () => {
    const { page, context, problems } = await watchedPage(browser, server.url)
    await signIn(page)
    await page.getByRole('link', { name: 'Tenant Allow/Block List' }).click()
    await page.getByRole('button', { name: 'Add', exact: true }).click()
    // What an allow entry would have let through is held already: given back beside it, by an action of its own (lesson #27).
    const issues = () => holding('letters@timberjournal.example').length
    const had = issues()
    await page.getByRole('radio', { name: 'Allow' }).check()
    await page.getByLabel('Value').fill('letters@timberjournal.example')
    await page.getByRole('button', { name: 'What would it change?' }).click()
    const give = page.getByRole('button', { name: /^Release \d+ copies of 3 messages that are held/ })
    const copies = Number(/\d+/.exec((await give.textContent()) ?? '')?.[0])
    await give.click()
    await page.getByText(/begun, see the Action center/).waitFor()
    await expect.poll(issues).toBe(had + copies)
    await page.getByRole('radio', { name: 'Block' }).check()
    await page.getByLabel('Value').fill('share@docs-portal.example')
    await page.getByRole('button', { name: 'What would it change?' }).click()
    await page.getByText(/\d+ messages of the past would be judged otherwise/).waitFor()
    await shot(page, 'entry')
    await page.getByRole('button', { name: 'Add', exact: true }).last().click()
    const row = page.getByRole('row', { name: /share@docs-portal\.example/ })
    await row.waitFor()
    await row.getByRole('checkbox').click()
    await page.getByRole('button', { name: 'Remove', exact: true }).click()
    await page.getByRole('alertdialog').getByRole('button', { name: 'Remove' }).click()
    await page
      .getByText('Removed', { exact: true })
      .or(page.getByText('No entry', { exact: true }))
      .first()
      .waitFor()
    expect(problems).toEqual([])
    await context.close()
  })

  test('a hostile message: shown as text, its preview neither runs nor loads anything and is audited (explorer #68)', async () => {
    const { page, context, problems, strays } = await watchedPage(browser, server.url)
    await signIn(page)
    await page.getByRole('link', { name: /evil/ }).first().waitFor()
    const heading = await page.getByRole('link', { name: /evil/ }).first().textContent()
    expect(heading).toContain('[RLO]')
    expect(heading?.length).toBeLessThan(400)
    await page.getByRole('link', { name: /evil/ }).first().click()
    await page.getByRole('tab', { name: 'Email preview' }).click()
    expect(page.frames()).toHaveLength(1)
    await page.getByRole('button', { name: 'Show preview' }).click()
    const frame = page.frameLocator('iframe[title="Email preview"]')
    await frame.getByText('Hello from the hostile mail').waitFor()
    await page.waitForTimeout(1500)
    await shot(page, 'hostile-preview')
    expect(strays).toEqual([])
    expect(new URL(page.url()).origin).toBe(server.url)
    expect(await page.evaluate(() => Reflect.get(window, 'pwned'))).toBeUndefined()
    // What the browser says about blocked things is about the frame; the page itself has no breach.
    expect(problems.filter((p) => !p.includes('/preview/'))).toEqual([])
    await page.getByRole('tab', { name: /^URL/ }).click()
    expect(await page.getByRole('tabpanel').locator('a[href*="evil"]:not([href^="/explorer"])').count()).toBe(0)
    await page
      .getByText(/hxxps?:\/\/evil\[\.\]example/)
      .first()
      .waitFor()
    // The look at the content is in the audit log.
    await page.goto('/settings/audit')
    await page
      .getByRole('row', { name: /message\.preview/ })
      .first()
      .waitFor()
    await context.close()
  })

  test('by keyboard alone: sign in, find, choose, act, follow, undo', async () => {
    const { page, context, problems } = await watchedPage(browser, server.url)
    const keys = page.keyboard
    await page.goto('/sign-in')
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    await tabTo(page, 'textbox', /^Email/)
    await keys.type(PERSON.email)
    await keys.press('Tab')
    await keys.type(PERSON.password)
    await keys.press('Enter')
    await page.getByRole('heading', { name: 'Explorer', level: 1 }).waitFor()
    await page
      .getByRole('row', { name: /Timber Journal/ })
      .first()
      .waitFor()
    const before = inboxes()

    await tabTo(page, 'searchbox', /^Search/)
    expect(await focusIsVisible(page)).toBe(true)
    await keys.type('plan was shared')
    await keys.press('Enter')
    await expect.poll(() => page.getByRole('row', { name: /Overdue invoice/ }).count()).toBe(0)
    await tabTo(page, 'row', new RegExp(SHARED))
    expect(await focusIsVisible(page)).toBe(true)
    await keys.press('ArrowDown')
    await keys.press('ArrowUp')
    await keys.press('Control+a')
    await page.getByText(/messages chosen/).waitFor()
    await keys.press('Shift+Tab')
    await tabBackTo(page, 'button', 'Take action')
    await keys.press('Enter')
    await page.getByRole('heading', { name: 'Choose response action' }).waitFor()
    await focusInDialog(page)
    await settled(page)
    await tabTo(page, 'radio', /./)
    await arrowTo(page, /^Hard deleted items/)
    for (const heading of ['Choose target entities', 'Name', 'Review and submit']) {
      await tabTo(page, 'button', 'Next')
      await keys.press('Enter')
      await page.getByRole('heading', { name: heading, exact: true }).waitFor()
    }
    await page.getByText('will be acted on').waitFor()
    await tabTo(page, 'button', 'Submit')
    expect(await focusIsVisible(page)).toBe(true)
    await keys.press('Enter')
    await page.getByText(/(\d+) of \1 copies ended/).waitFor()
    await page.getByRole('button', { name: 'Undo', exact: true }).waitFor()
    expect(holding(SHARED)).toEqual([])
    await tabTo(page, 'button', 'Undo')
    await keys.press('Enter')
    await page.getByText('exactly as before').waitFor()
    await tabTo(page, 'button', 'Undo action')
    await keys.press('Enter')
    await page.getByText('The action that this undoes').waitFor()
    await page.getByText(/(\d+) of \1 copies ended/).waitFor()
    await expect.poll(() => inboxes()).toEqual(before)

    // A dialog keeps the focus, Escape closes it, and the focus is back where it was.
    await page.goto('/tenant-allow-block-list')
    await page.getByRole('button', { name: 'Add', exact: true }).waitFor()
    await tabTo(page, 'button', 'Add')
    await keys.press('Enter')
    await focusInDialog(page)
    for (let i = 0; i < 15; i++) {
      await keys.press('Tab')
      expect(await page.evaluate(() => document.activeElement?.closest('[role=dialog]') !== null)).toBe(true)
    }
    await keys.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('Add')
    expect(problems).toEqual([])
    await context.close()
  })

  test('a long list: only rows in sight are in the page, the next ones are fetched on the way down, all of them can be chosen', async () => {
    const { page, context, problems } = await watchedPage(browser, server.url)
    await many(server, 450)
    await signIn(page)
    await page.goto('/explorer?sender=letters@many.example')
    const grid = page.getByRole('grid', { name: 'Messages' })
    await grid
      .getByRole('row', { name: /Letter/ })
      .first()
      .click({ position: { x: 300, y: 1 }, trial: true })
    await grid
      .getByRole('row', { name: /Letter/ })
      .first()
      .focus()
    const down = async () => {
      await page.keyboard.press('End')
      expect(await grid.getByRole('row').count()).toBeLessThan(90)
      return page.evaluate(() => document.activeElement?.getAttribute('aria-rowindex'))
    }
    // As often as there are pages; how soon one is there is the machine's affair.
    await expect.poll(down, { interval: 300 }).toBe('451')
    expect(await grid.getAttribute('aria-rowcount')).toBe('451')
    expect(await grid.getByRole('row').count()).toBeLessThan(90)
    await page.keyboard.press('Control+a')
    await page.getByText('450 messages chosen').waitFor()
    await page.getByRole('button', { name: /^Choose everything that matches \(450 copies\)$/ }).click()
    await page.getByRole('button', { name: 'Take action' }).click()
    await page.getByRole('radio', { name: /^Junk/ }).check()
    for (let step = 0; step < 3; step++) await page.getByRole('button', { name: 'Next' }).click()
    await page.getByText(/^450 copies of 450 messages are moved in 1 mailbox\.$/).waitFor()
    await page.keyboard.press('Escape')
    expect(problems).toEqual([])
    await context.close()
  })

  test.for([
    ['light', 1366],
    ['dark', 1366],
    ['light', 360],
  ] as const)(
    'every page, %s, %i pixels wide: no violation of axe, nothing wider than the window',
    async ([scheme, width]) => {
      const { page, context, problems, strays } = await watchedPage(browser, server.url, {
        scheme,
        width,
        height: width < 500 ? 740 : 820,
      })
      await signIn(page)
      for (const [name, path] of await everyPage(server)) {
        await page.goto(path)
        await page.getByRole('heading', { level: 1 }).first().waitFor()
        await settled(page)
        await shot(page, `${name}-${scheme}-${width}`)
        expect({ name, found: await violations(page) }).toEqual({ name, found: [] })
        expect({ name, overflow: await overflow(page) }).toEqual({ name, overflow: 0 })
      }
      expect(problems).toEqual([])
      expect(strays).toEqual([])
      await context.close()
    },
  )
})

async function report(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Report' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Why?').fill('The link asks for the mail password.')
  await dialog.getByRole('button', { name: 'Report' }).click()
  await dialog.getByText('Next steps').waitFor()
  expect(await violations(page)).toEqual([])
  await shot(page, 'reported')
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'hidden' })
  await page.getByText('The link asks for the mail password.').waitFor()
}
