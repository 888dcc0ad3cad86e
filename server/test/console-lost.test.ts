// The console when what it asked for is done and the answer never comes: the real server behind a wire that breaks, real Chromium.
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { violations, watchedPage } from './rig/browser.ts'
import { shot } from './rig/console-build.ts'
import { fill, setUp, signIn } from './rig/console-steps.ts'
import { type OpenConsole, openConsole } from './rig/open-console.ts'
import { startProxy, type Proxy as Wire } from './rig/proxy.ts'
import type { RunningServer } from './rig/running.ts'

let opened: OpenConsole | undefined
let server: RunningServer
let wire: Wire
let browser: Browser

/**
 * The server gets the request and has answered; of its answer as much arrives as `left` leaves. Again where the browser asks again by itself.
 * What comes on its other connections meanwhile arrives.
 */
function lose(request: string, left: (answer: string) => string = () => ''): void {
  const asked = new Set<object>()
  wire.alter({
    sent: (piece, connection) => {
      if (piece.toString('latin1').startsWith(request)) asked.add(connection)
      return piece
    },
    answered: (piece, connection) => {
      if (!asked.delete(connection)) return piece
      setTimeout(wire.cut, 50)
      return Buffer.from(left(piece.toString('latin1')), 'latin1')
    },
  })
}

const headOnly = (answer: string): string => answer.slice(0, answer.indexOf('\r\n\r\n') + 5)

const items = async (path: string) => ((await server.call('GET', path)) as { items: { id: string }[] }).items
const told = (page: Page) => page.getByRole('alert').filter({ hasText: 'may have been done' })
const panel = (page: Page) => page.getByRole('dialog')

async function choose(page: Page, query: string): Promise<void> {
  await page.goto(`/quarantine?${query}`)
  await page.getByRole('row').nth(1).getByRole('checkbox').click()
}

describe('a write whose answer is lost', () => {
  beforeAll(async () => {
    opened = await openConsole()
    server = opened.server
    browser = opened.browser
    wire = await startProxy(Number(new URL(server.url).port))
    await setUp(server)
    await fill(server)
  })

  afterAll(async () => {
    await wire?.stop()
    await opened?.close()
  })

  const visit = async () => {
    const visited = await watchedPage(browser, `http://127.0.0.1:${wire.port}`)
    await signIn(visited.page)
    return visited
  }

  test('a release: it may have been done, and the Action center shows it, once', async () => {
    const { page, context } = await visit()
    await choose(page, 'q=Both+of+you')
    await page.getByRole('button', { name: 'Release', exact: true }).click()
    await panel(page).getByText('To 2 mailboxes: 2 copies of 1 message.').waitFor()
    lose('POST /api/v1/quarantine/release')
    await panel(page).getByRole('button', { name: 'Release message' }).click()
    await told(page).getByText('Look into the Action center').waitFor()
    expect(await panel(page).getByText('Nothing was released').count()).toBe(0)
    wire.alter(null)
    expect(await items('/actions?kind=release')).toHaveLength(1)
    // The list is read anew: what was done shows without a reload.
    await panel(page).getByText('Nothing can be done with this selection.').waitFor()
    expect(await violations(page)).toEqual([])
    await shot(page, 'lost-release')
    await context.close()
  })

  test('an answer that breaks off counts as none', async () => {
    const { page, context } = await visit()
    await choose(page, 'status=needs-review')
    await page.getByRole('button', { name: 'More' }).click()
    await page.getByRole('menuitem', { name: 'Block sender' }).click()
    lose('POST /api/v1/quarantine/block-sender', headOnly)
    await panel(page).getByRole('button', { name: 'Block', exact: true }).click()
    await told(page).getByText('Tenant Allow/Block List').waitFor()
    expect(await panel(page).getByText('Nothing was done').count()).toBe(0)
    wire.alter(null)
    expect(await items('/entries?action=block')).toHaveLength(1)
    await context.close()
  })

  test('a form, too', async () => {
    const { page, context } = await visit()
    await page.goto('/settings/tokens')
    await page.getByLabel('Name').fill('lost')
    await page.getByRole('checkbox', { name: 'mail.read' }).check()
    lose('POST /api/v1/tokens', headOnly)
    await page.getByRole('button', { name: 'Make token' }).click()
    await told(page).getByText('look before you do it again').waitFor()
    expect(await page.getByText('The token was not made').count()).toBe(0)
    wire.alter(null)
    await page.getByRole('button', { name: 'Remove lost' }).waitFor()
    await context.close()
  })

  test('what a proxy in front of the server says is no answer of the server', async () => {
    const { page, context } = await visit()
    await choose(page, 'status=needs-review')
    await page.getByRole('button', { name: 'More' }).click()
    await page.getByRole('menuitem', { name: 'Deny release' }).click()
    await page.route('**/quarantine/deny', (route) => route.fulfill({ status: 502, body: '<h1>Bad Gateway</h1>' }))
    await panel(page).getByRole('button', { name: 'Deny release' }).click()
    await told(page).getByText('Reload the page and look before you do it again.').waitFor()
    await context.close()
  })

  test('what the server refuses was not done, and a preview changes nothing', async () => {
    const { page, context } = await visit()
    await choose(page, 'status=needs-review')
    await page.getByRole('button', { name: 'More' }).click()
    await page.getByRole('menuitem', { name: 'Keep longer' }).click()
    await context.clearCookies()
    await panel(page).getByRole('button', { name: 'Keep', exact: true }).click()
    await panel(page).getByRole('alert').getByText('Nothing was done').waitFor()
    await signIn(page)
    await choose(page, 'status=needs-review')
    lose('POST /api/v1/quarantine/preview')
    await page.getByRole('button', { name: 'Delete', exact: true }).click()
    await panel(page).getByRole('alert').getByText('This could not be counted').waitFor()
    expect(await told(page).count()).toBe(0)
    await context.close()
  })

  test('of a write whose dialog was closed before it failed, the page tells until it is dismissed', async () => {
    const { page, context } = await visit()
    // A screen reader is told, too; that line is not seen.
    const toast = (text: string) => page.locator('.fui-Toast').getByText(text)
    for (const [answer, title, cure] of [
      [{ status: 502, body: '<h1>Bad Gateway</h1>' }, 'A change that you asked for may have been done', 'look before'],
      [
        { status: 409, json: { error: { code: 'gone', message: 'It is gone.', cure: 'Reload the page.' } } },
        'A change that you asked for did not work',
        'It is gone. Reload the page.',
      ],
    ] as const) {
      await choose(page, 'status=needs-review')
      await page.getByRole('button', { name: 'More' }).click()
      await page.getByRole('menuitem', { name: 'Deny release' }).click()
      const answered = Promise.withResolvers<void>()
      await page.route('**/quarantine/deny', async (route) => {
        await answered.promise
        await route.fulfill(answer)
      })
      await panel(page).getByRole('button', { name: 'Deny release' }).click()
      await panel(page).getByRole('button', { name: 'Working…' }).waitFor()
      await page.keyboard.press('Escape')
      await panel(page).waitFor({ state: 'detached' })
      expect(await toast(title).count()).toBe(0)
      answered.resolve()
      await toast(title).waitFor()
      await toast(cure).waitFor()
      // It fades in.
      await page.waitForFunction(
        () => getComputedStyle(document.querySelector('.fui-ToastContainer') ?? document.body).opacity === '1',
      )
      await shot(page, 'closed-then-failed')
      expect(await violations(page)).toEqual([])
      await toast('Dismiss').click()
      await toast(title).waitFor({ state: 'detached' })
      await page.unroute('**/quarantine/deny')
    }
    await context.close()
  })

  test('what a dialog that is still open says is not told twice', async () => {
    const { page, context } = await visit()
    await choose(page, 'status=needs-review')
    await page.getByRole('button', { name: 'More' }).click()
    await page.getByRole('menuitem', { name: 'Deny release' }).click()
    await page.route('**/quarantine/deny', (route) => route.fulfill({ status: 502, body: '' }))
    await panel(page).getByRole('button', { name: 'Deny release' }).click()
    await told(page).waitFor()
    expect(await page.getByText('A change that you asked for').count()).toBe(0)
    await context.close()
  })
})
