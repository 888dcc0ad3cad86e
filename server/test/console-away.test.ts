// The console while its server is away: the real server, real Chromium, requests that are refused as by a host that nothing answers on.
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { violations, watchedPage } from './rig/browser.ts'
import { shot } from './rig/console-build.ts'
import { setUp, signIn } from './rig/console-steps.ts'
import { type OpenConsole, openConsole } from './rig/open-console.ts'
import type { RunningServer } from './rig/running.ts'

let opened: OpenConsole | undefined
let server: RunningServer
let browser: Browser

/** Until `page.unrouteAll`. */
const away = (page: Page) => page.route('**/*', (route) => route.abort('connectionrefused'))

const wrong = (page: Page) => page.getByRole('heading', { name: 'Something went wrong' })

describe('the console while its server is away', () => {
  beforeAll(async () => {
    opened = await openConsole()
    server = opened.server
    browser = opened.browser
    await setUp(server)
  })

  afterAll(() => opened?.close())

  test('a page whose files are not there yet says so within the console, and shows itself when the server is back', async () => {
    const { page, context } = await watchedPage(browser, server.url)
    await signIn(page)
    await away(page)
    await page.getByRole('link', { name: 'Submissions' }).click()
    await wrong(page).waitFor()
    await page.getByText('The server cannot be reached.').waitFor()
    expect(await page.getByRole('link', { name: 'Explorer' }).first().isVisible()).toBe(true)
    expect(await violations(page)).toEqual([])
    await shot(page, 'files-away')
    await page.getByRole('button', { name: 'Try again' }).click()
    await wrong(page).waitFor()
    await page.unrouteAll({ behavior: 'wait' })
    await page.getByRole('heading', { name: 'Submissions', level: 1 }).waitFor()
    await context.close()
  })

  test('after an update of the server the page takes the new files, once; one that is missing there is named', async () => {
    const { page, context } = await watchedPage(browser, server.url)
    await signIn(page)
    let loads = 0
    page.on('load', () => loads++)
    await page.route('**/assets/Quarantine*', (route) => route.fulfill({ status: 404, body: '' }))
    await page.getByRole('link', { name: 'Quarantine' }).click()
    await wrong(page).waitFor()
    await page.getByText('A file of this page is missing on the server.').waitFor()
    expect(loads).toBe(1)
    await page.unrouteAll({ behavior: 'wait' })
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.getByRole('heading', { name: 'Quarantine', level: 1 }).waitFor()
    await context.close()
  })

  test('events that were refused for a time, as by a proxy whose server restarts, come again without a reload', async () => {
    const { page, context } = await watchedPage(browser, server.url)
    await page.route('**/api/v1/events', (route) => route.fulfill({ status: 502, body: 'Bad Gateway' }))
    const refused = page.waitForResponse((response) => response.url().endsWith('/events') && response.status() === 502)
    await signIn(page)
    await page.getByRole('link', { name: 'Tenant Allow/Block List' }).click()
    await page.getByRole('heading', { name: 'Tenant Allow/Block List', level: 1 }).waitFor()
    await refused
    const block = (value: string) => server.call('POST', '/entries', { action: 'block', kind: 'sender', value })
    await block('missed@one.example')
    const again = page.waitForResponse((response) => response.url().endsWith('/events') && response.ok())
    await page.unrouteAll({ behavior: 'wait' })
    await again
    await page.getByRole('row', { name: /missed@one\.example/ }).waitFor()
    await block('live@one.example')
    await page.getByRole('row', { name: /live@one\.example/ }).waitFor()
    await context.close()
  })

  test('a signing out without an answer is said, stays, and can be done again', async () => {
    const { page, context, problems } = await watchedPage(browser, server.url, { width: 360, height: 740 })
    await signIn(page)
    // The browser knows that it has no network; it is told all the same.
    await context.setOffline(true)
    await page.getByRole('button', { name: /^Account of/ }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    const told = page.getByRole('alert').filter({ hasText: 'You may still be signed in' })
    await told.waitFor()
    await page.getByRole('heading', { name: 'Explorer', level: 1 }).waitFor()
    expect(await violations(page)).toEqual([])
    await shot(page, 'sign-out-failed')
    await context.setOffline(false)
    await told.getByRole('button', { name: 'Try again' }).click()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    expect(problems.filter((p) => p.startsWith('thrown'))).toEqual([])
    await page.goto('/explorer')
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    await context.close()
  })
})
