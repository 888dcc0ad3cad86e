// Hands and eyes at the console: double clicks, buttons that go away, copying, words that stay whole. The real server, real Chromium.
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { violations, watchedPage } from './rig/browser.ts'
import { shot } from './rig/console-build.ts'
import { fill, settled, setUp, signIn } from './rig/console-steps.ts'
import { type OpenConsole, openConsole } from './rig/open-console.ts'
import type { RunningServer } from './rig/running.ts'

let opened: OpenConsole | undefined
let server: RunningServer
let browser: Browser

const items = async (path: string) =>
  ((await server.call('GET', path)) as { items: { id: string; name?: string }[] }).items

/** How many lines a word takes, wherever the page shows it. */
const linesOf = (page: Page, word: string): Promise<number[]> =>
  page.getByText(word, { exact: true }).evaluateAll((all) =>
    all.map((element) => {
      const range = document.createRange()
      range.selectNodeContents(element)
      return new Set([...range.getClientRects()].map((r) => Math.round(r.top))).size
    }),
  )

describe('hands and eyes', () => {
  beforeAll(async () => {
    opened = await openConsole()
    server = opened.server
    browser = opened.browser
    await setUp(server)
    await fill(server)
  })

  afterAll(() => opened?.close())

  test('a double click is one wish: one token, one report, one decision', async () => {
    const wish = { kind: 'soft-delete', propose: true, select: { filter: { senderDomain: 'docs-portal.example' } } }
    await server.call('POST', '/actions', { ...wish, name: 'Once' })
    const { page, context, problems } = await watchedPage(browser, server.url)
    await signIn(page)
    await page.goto('/settings/tokens')
    await page.getByLabel('Name').fill('once')
    await page.getByRole('checkbox', { name: 'mail.read' }).check()
    await page.getByRole('button', { name: 'Make token' }).dblclick()
    await page.getByText('Copy it now').waitFor()
    await settled(page)
    expect((await items('/tokens')).filter((t) => t.name === 'once')).toHaveLength(1)

    const [message] = await items('/messages?q=desk')
    await page.goto(`/messages/${message?.id}`)
    await page.getByRole('button', { name: 'Report' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Report' }).dblclick()
    await page.getByText('Next steps').waitFor()
    await settled(page)
    expect(await items('/submissions')).toHaveLength(1)

    await page.goto('/action-center?tab=pending')
    await page.getByRole('link', { name: 'Once' }).click()
    await page.getByRole('button', { name: 'Approve', exact: true }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Approve', exact: true }).dblclick()
    await page.getByText('Completed').first().waitFor()
    // The button that was pressed is gone; the keyboard goes on from the page, not from its very beginning.
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('main')
    expect(problems).toEqual([])
    await context.close()
  })

  test('copying that the browser does not allow is told', async () => {
    const { page, context, problems } = await watchedPage(browser, server.url)
    // As on a page that comes by plain HTTP from another machine.
    await page.addInitScript(() => Reflect.deleteProperty(Navigator.prototype, 'clipboard'))
    await signIn(page)
    const [message] = await items('/messages?senderDomain=docs-portal.example')
    await page.goto(`/messages/${message?.id}?tab=url`)
    await page
      .getByRole('button', { name: /^Copy defanged/ })
      .first()
      .click()
    await page.getByText('Not copied: the browser does not allow it').waitFor()
    await page.goto('/quarantine')
    await page
      .getByRole('row', { name: /Both of you/ })
      .getByText('Both of you')
      .click()
    await page.getByRole('tab', { name: /header/i }).click()
    await page.getByRole('button', { name: 'Copy message header' }).click()
    await page.getByText('Not copied: the browser does not allow it').waitFor()
    expect(await violations(page)).toEqual([])
    expect(problems).toEqual([])
    await context.close()
  })

  test('on a page that comes by plain HTTP from another machine mail is released and acted on as well', async () => {
    const { page, context, problems } = await watchedPage(browser, server.url)
    // Only there where a page is secure: HTTPS, or this machine.
    await page.addInitScript(() => Reflect.deleteProperty(Crypto.prototype, 'randomUUID'))
    await signIn(page)
    await page.goto('/quarantine?q=Both+of+you')
    await page.getByRole('row').nth(1).getByRole('checkbox').click()
    await page.getByRole('button', { name: 'Release', exact: true }).click()
    await page.getByRole('button', { name: 'Release message' }).click()
    await page.getByText('Being released: 1 message').waitFor()
    await page.getByRole('button', { name: 'Done' }).click()
    const [message] = await items('/messages?senderDomain=docs-portal.example')
    await page.goto(`/messages/${message?.id}`)
    await page.getByRole('button', { name: 'Take action' }).click()
    await page.getByRole('radio').first().waitFor()
    expect(problems).toEqual([])
    await context.close()
  })

  test('words in tables stay whole, on a phone too', async () => {
    const [message] = await items('/messages?q=desk')
    for (const width of [360, 1366]) {
      const { page, context } = await watchedPage(browser, server.url, { width, scheme: 'dark' })
      await signIn(page)
      await page.goto(`/messages/${message?.id}?tab=timeline`)
      await page.getByRole('cell', { name: 'Quarantined' }).waitFor()
      expect(await linesOf(page, 'Quarantined')).toEqual([1])
      await page.goto('/settings/users')
      await page.getByRole('cell', { name: 'Administrator' }).waitFor()
      expect(await linesOf(page, 'Administrator')).toEqual([1])
      await shot(page, `whole-words-${width}`)
      await context.close()
    }
  })
})
