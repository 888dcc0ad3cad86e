// One browser, two tabs, one session between them: the real server, real Chromium.
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { watchedPage } from './rig/browser.ts'
import { addReader, fill, setUp, signIn } from './rig/console-steps.ts'
import { type OpenConsole, openConsole } from './rig/open-console.ts'
import type { RunningServer } from './rig/running.ts'

let opened: OpenConsole | undefined
let server: RunningServer
let browser: Browser

const account = (page: Page, name: string) => page.getByRole('button', { name: `Account of ${name}` })

async function signOut(page: Page): Promise<void> {
  await page.getByRole('button', { name: /^Account of/ }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
}

describe('two tabs', () => {
  beforeAll(async () => {
    opened = await openConsole()
    server = opened.server
    browser = opened.browser
    await setUp(server)
    await fill(server)
  })

  afterAll(() => opened?.close())

  test('whoever signs out has signed out in all of them, and nobody works on under another name', async () => {
    const reader = await addReader(server)
    const { page, context, problems } = await watchedPage(browser, server.url)
    page.setDefaultTimeout(15_000)
    await signIn(page)
    await page.goto('/quarantine?q=Both+of+you')
    await page.getByRole('button', { name: 'Release', exact: true }).waitFor()
    const other = await context.newPage()
    await other.goto('/explorer')
    await signOut(other)
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    expect(await page.getByText('Both of you').count()).toBe(0)

    // Back where it was, as whoever signs in there; the other tab goes with it.
    await page.getByLabel('Email').fill(reader.email)
    await page.getByLabel('Password').fill(reader.password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('row', { name: /Both of you/ }).waitFor()
    expect(new URL(page.url()).searchParams.get('q')).toBe('Both of you')
    await account(page, reader.name).waitFor()

    // A sign-in over a session that stands: the tab that shows another person begins anew.
    await signIn(other)
    await account(page, 'Ada Analyst').waitFor()
    await page.getByRole('button', { name: 'Release', exact: true }).waitFor()
    expect(problems.filter((p) => p.startsWith('thrown'))).toEqual([])
    await context.close()
  })

  test('a session that ends in the middle of a dialog: after a sign-in in another tab the dialog goes on', async () => {
    const { page, context } = await watchedPage(browser, server.url)
    page.setDefaultTimeout(15_000)
    await signIn(page)
    await page.goto('/quarantine?q=Both+of+you')
    await page.getByRole('row').nth(1).getByRole('checkbox').click()
    await page.getByRole('button', { name: 'More' }).click()
    await page.getByRole('menuitem', { name: 'Keep longer' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('combobox').click()
    await page.getByRole('option', { name: '60 days' }).click()
    await context.clearCookies()
    // All is read anew after this, the session too: the page knows that it has ended, and still whose it was.
    await page.route('**/quarantine/extend', (route) => route.abort())
    await dialog.getByRole('button', { name: 'Keep', exact: true }).click()
    await dialog.getByText('It may have been done').waitFor()
    await page.unrouteAll({ behavior: 'wait' })
    await page.locator('header').getByText('Account of').waitFor({ state: 'detached' })
    await dialog.getByRole('button', { name: 'Keep', exact: true }).click()
    await dialog.getByText('You are not signed in any more.').waitFor()
    const other = await context.newPage()
    await signIn(other)
    await expect.poll(() => dialog.getByRole('combobox').textContent()).toContain('60 days')
    await dialog.getByRole('button', { name: 'Keep', exact: true }).click()
    await dialog.getByText('Kept longer: 1 message').waitFor()
    await context.close()
  })
})
