// Settings as administrators use them: the real server, real Chromium; what was saved is read from the API and the database.
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ORGANISATION } from '../demo/company.ts'
import { ours } from '../demo/message.ts'
import { focusIsVisible, hasChromium, openBrowser, overflow, tabTo, violations, watchedPage } from './rig/browser.ts'
import { PERSON, settled, signIn } from './rig/console-steps.ts'
import { type RunningServer, runServer } from './rig/running.ts'

/** Set to a directory to look at the pages. */
const SHOTS = process.env['RECOURSE_TEST_SHOTS']
const DIST = process.env['RECOURSE_TEST_CONSOLE'] ?? fileURLToPath(new URL('../../console/dist', import.meta.url))
const [DOMAIN = ''] = ORGANISATION.domains

let built: string
let server: RunningServer
let browser: Browser

async function shot(page: Page, name: string): Promise<void> {
  if (!SHOTS) return
  mkdirSync(SHOTS, { recursive: true })
  await page.screenshot({ path: `${SHOTS}/${name}.png`, fullPage: true })
}

type Json = Readonly<Record<string, unknown>>
const get = async (path: string) => (await server.call('GET', path)) as Json

async function open(page: Page, tab: string, name: string): Promise<void> {
  await page.goto(`/settings/${tab}`)
  await page.getByRole('tab', { name, selected: true }).waitFor()
  await settled(page)
}

/** Every look at a page: no violation of axe, nothing wider than the window. */
async function fine(page: Page, name: string): Promise<void> {
  await shot(page, name)
  expect({ name, found: await violations(page) }).toEqual({ name, found: [] })
  expect({ name, overflow: await overflow(page) }).toEqual({ name, overflow: 0 })
}

describe.skipIf(!hasChromium)('settings in the console', { timeout: 120_000 }, () => {
  beforeAll(async () => {
    // A copy, so that a build beside the test does not pull the files away.
    built = mkdtempSync(join(tmpdir(), 'recourse-console-'))
    chmodSync(built, 0o755)
    cpSync(DIST, built, { recursive: true })
    server = await runServer({ RECOURSE_HTTP_CONSOLE_DIR: built })
    browser = await openBrowser()
    const made = await fetch(`${server.url}/api/v1/setup`, {
      method: 'POST',
      headers: { origin: server.url, 'content-type': 'application/json' },
      body: JSON.stringify({ code: server.setupCode, ...PERSON }),
    })
    expect(made.ok).toBe(true)
    await server.call('PUT', '/organisation', {
      ...ORGANISATION,
      groups: [...(ORGANISATION.groups ?? []), { address: `board@${DOMAIN}`, members: [ours('amara.osei')] }],
    })
  }, 120_000)

  afterAll(async () => {
    await browser?.close()
    await server?.stop()
    rmSync(built, { recursive: true, force: true })
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
    await fine(page, 'policy-changed')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Saved. New mail is judged by it.').waitFor()
    const saved = await get('/policy')
    expect(saved).toMatchObject({
      userReports: { junkMoves: true, keywords: false },
      approvals: { ownProposals: false, secondForHardDelete: true, secondAbove: 250 },
      thresholds: { suspicious: 6, high: 10 },
    })

    // What others save is taken over while nothing is written here…
    await server.call('PUT', '/policy', { unparsable: 'junk' })
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
    await dialog.getByRole('button', { name: 'Save' }).click()
    await dialog.getByText(/The policies were changed meanwhile by .+: version/).waitFor()
    await fine(page, 'policies-meanwhile')
    await dialog.getByRole('button', { name: 'Reload' }).click()
    await expect.poll(() => dialog.getByLabel('Name').inputValue()).toBe('Board')
    await dialog.getByLabel('Name').fill('The board')
    await dialog.getByRole('button', { name: 'Save' }).click()
    await dialog.waitFor({ state: 'hidden' })
    await page.getByRole('button', { name: 'Remove Standard preset' }).click()
    await page.getByRole('button', { name: 'Really remove Standard preset?' }).click()
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
    await tabTo(page, 'textbox', /^Name/)
    await keys.type('By keyboard')
    await tabTo(page, 'button', 'Save')
    await keys.press('Enter')
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
    await tabTo(page, 'button', 'Ask By keyboard earlier')
    expect(await focusIsVisible(page)).toBe(true)
    await keys.press('Enter')
    await expect
      .poll(async () => ((await get('/policies'))['policies'] as Json[]).map((p) => p['id']))
      .toEqual(['trainees', 'by-keyboard', 'board'])
    expect(problems).toEqual([])
    await context.close()
  })

  test('on a phone and in the dark', async () => {
    for (const [scheme, width] of [
      ['light', 360],
      ['dark', 1366],
    ] as const) {
      const { page, context, problems } = await watchedPage(browser, server.url, { scheme, width, height: 780 })
      await signIn(page)
      await open(page, 'policy', 'Policies')
      await fine(page, `policies-${scheme}-${width}`)
      await page.getByRole('button', { name: 'Edit Apprentices' }).click()
      await page.getByRole('dialog').getByLabel('Name').waitFor()
      await fine(page, `policy-edit-${scheme}-${width}`)
      await page.keyboard.press('Escape')
      expect(problems).toEqual([])
      await context.close()
    }
  })

  test('somebody who only reads sees the settings and cannot change them', async () => {
    const reader = { name: 'Rea Reader', email: 'rea@alderfinch.example', password: 'another long pass phrase' }
    await server.call('POST', '/users', { ...reader, role: 'reader' })
    const { page, context, problems } = await watchedPage(browser, server.url)
    await page.goto('/sign-in')
    await page.getByLabel('Email').fill(reader.email)
    await page.getByLabel('Password').fill(reader.password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { name: 'Explorer', level: 1 }).waitFor()
    await open(page, 'policy', 'Policies')
    await page.getByText('Apprentices').waitFor()
    for (const name of ['Save', 'Add policy', /^Edit/, /^Remove/, /^Ask/])
      expect(await page.getByRole('button', { name }).count()).toBe(0)
    expect(await page.getByRole('checkbox', { name: 'A hard delete needs two people' }).isDisabled()).toBe(true)
    await fine(page, 'policies-reader')
    expect(problems).toEqual([])
    await context.close()
  })
})
