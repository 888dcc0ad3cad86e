// Explorer as an analyst uses it, in one walk: columns, filters, chart, counts, files, saved queries, similar mail.
import { readFileSync } from 'node:fs'
import type { Download, Page } from 'playwright-core'
import { expect } from 'vitest'
import { MessageFilter } from '../../src/records/index.ts'
import { focusIsVisible, overflow, tabTo, violations } from './browser.ts'
import { shot } from './console-build.ts'
import { settled } from './console-steps.ts'
import type { RunningServer } from './running.ts'

/** What the phone's part of the walk opens again is only pictured in the first part. */
async function fine(page: Page, name: string): Promise<void> {
  await settled(page)
  await shot(page, name)
  expect({ name, found: await violations(page) }).toEqual({ name, found: [] })
  expect({ name, overflow: await overflow(page) }).toEqual({ name, overflow: 0 })
}

const asked = (page: Page): URLSearchParams => new URL(page.url()).searchParams
const grid = (page: Page) => page.getByRole('grid', { name: 'Messages' })
const headers = (page: Page): Promise<string[]> =>
  grid(page).getByRole('columnheader').filter({ hasText: /\w/ }).allTextContents()

/** The rows that the list says it has are those that the API gives for the same address. */
async function asTheApi(page: Page, server: RunningServer): Promise<void> {
  const query = asked(page)
  for (const name of ['range', 'by', 'top', 'query']) query.delete(name)
  const { items } = (await server.call('GET', `/messages?limit=500&${query}`)) as { items: unknown[] }
  await expect.poll(() => grid(page).getAttribute('aria-rowcount')).toBe(String(items.length + 1))
}

/** The default columns, others, and that they are there again (explorer #42). */
export async function columns(page: Page): Promise<void> {
  const usual = ['Date ↓', 'Subject', 'Recipient', 'Sender address', 'Sender domain']
  const more = ['Additional actions', 'Latest location', 'Original location', 'Threat type']
  await expect.poll(() => headers(page)).toEqual([...usual, ...more])
  await page.getByRole('button', { name: 'Columns' }).click()
  await page.getByRole('menuitemcheckbox', { name: 'Mail from address' }).click()
  await page.getByRole('menuitemcheckbox', { name: 'Sender domain' }).click()
  await shot(page, 'x-columns')
  await page.keyboard.press('Escape')
  const chosen = [...usual.slice(0, 4), 'Mail from address', ...more]
  await expect.poll(() => headers(page)).toEqual(chosen)
  await page.reload()
  await expect.poll(() => headers(page)).toEqual(chosen)
  await grid(page).getByText('share@docs-portal.example').first().waitFor()
  await page.getByRole('button', { name: 'Columns' }).click()
  await page.getByRole('menuitem', { name: 'Usual columns' }).click()
  await expect.poll(() => headers(page)).toEqual([...usual, ...more])
}

/** By keyboard: every filter is offered; none of, more than, any of; what the server refuses is shown at its condition (explorer #9-11). */
export async function filters(page: Page, server: RunningServer): Promise<void> {
  const keys = page.keyboard
  await tabTo(page, 'button', 'Add filter')
  await keys.press('Enter')
  await page.getByRole('menuitem').first().waitFor()
  const names = await page.getByRole('menuitem').allTextContents()
  const known = Object.keys(MessageFilter.properties).filter((key) => !/^(from|to|not|match)$|Under$/.test(key))
  expect(names).toHaveLength(known.length)
  await shot(page, 'x-add-filter')
  await keys.press('Enter')
  await tabTo(page, 'combobox', 'Threat type: operator')
  expect(await focusIsVisible(page)).toBe(true)
  await keys.type('none of')
  await tabTo(page, 'checkbox', 'No threat')
  await keys.press('Space')
  await fine(page, 'x-chip-open')
  await keys.press('Escape')
  await expect.poll(() => asked(page).toString()).toBe('threat=none&not=threat')
  await page.getByRole('button', { name: 'Threat type none of No threat' }).waitFor()
  await asTheApi(page, server)

  await typed(page, 'URL count', '0')
  await expect.poll(() => asked(page).get('urlsOver')).toBe('0')
  // The keyboard is where the condition is now.
  await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('URL count more than 0')
  await asTheApi(page, server)
  await page.getByRole('combobox', { name: 'Which conditions must hold' }).selectOption('Any of these')
  await expect.poll(() => asked(page).get('match')).toBe('any')
  await asTheApi(page, server)
  await typed(page, 'Email size', '2 KB')
  await expect.poll(() => asked(page).get('sizeOver')).toBe('2048')

  await typed(page, 'Attachment SHA256', 'zz')
  const told = page.getByRole('alert').getByText('must be a SHA-256: 64 hexadecimal digits')
  await told.waitFor()
  expect(await page.getByText('The list could not be loaded').count()).toBe(0)
  await fine(page, 'x-wrong')
  await page.getByRole('button', { name: 'Remove filter Attachment SHA256' }).click()
  await told.waitFor({ state: 'detached' })
  await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('Add filter')
  await asTheApi(page, server)
}

async function typed(page: Page, property: string, value: string): Promise<void> {
  await page.getByRole('button', { name: 'Add filter' }).click()
  await page.getByRole('menuitem', { name: property, exact: true }).click()
  await page.getByRole('textbox', { name: new RegExp(`^${property}, `) }).fill(value)
  await page.keyboard.press('Enter')
}

/** Another pivot, its numbers as a file, and a filter by one of its values (explorer #41). */
export async function chart(page: Page, server: RunningServer): Promise<void> {
  await page.getByRole('combobox', { name: 'Chart by' }).click()
  await page.getByRole('option', { name: 'Sender domain' }).click()
  await expect.poll(() => asked(page).get('by')).toBe('senderDomain')
  await page.getByRole('img', { name: /docs-portal\.example \d/ }).waitFor()
  await shot(page, 'x-chart')
  const file = await saved(page, () => page.getByRole('link', { name: 'Export chart data' }).click())
  expect(file.split('\r\n')[0]?.split(',')).toEqual(expect.arrayContaining(['Time', 'docs-portal.example']))
  await page.getByRole('button', { name: 'As table' }).click()
  await page.getByRole('button', { name: 'docs-portal.example', exact: true }).click()
  await expect.poll(() => asked(page).getAll('senderDomain')).toEqual(['docs-portal.example'])
  await page.getByRole('button', { name: 'As chart' }).click()
  await page.getByRole('button', { name: 'Clear filters' }).click()
  await asTheApi(page, server)
}

/** What a click saves. */
async function saved(page: Page, click: () => Promise<void>): Promise<string> {
  const [file] = await Promise.all([page.waitForEvent('download'), click()])
  return readFileSync(await pathOf(file), 'utf8').replace(/^\ufeff/, '')
}
const pathOf = async (file: Download): Promise<string> => (await file.path()) ?? expect.fail('nothing was saved')

/** Top targeted users and top URLs; a click filters, another leaves out (explorer #44, #45). */
export async function tops(page: Page, server: RunningServer): Promise<void> {
  await page.getByRole('tab', { name: 'Top targeted users' }).click()
  const rows = page.getByRole('region', { name: 'Top targeted users: table' }).getByRole('row')
  await expect.poll(() => rows.count()).toBe(11)
  await page.getByRole('button', { name: 'Show up to 100' }).click()
  await expect.poll(() => rows.count()).toBeGreaterThan(11)
  await shot(page, 'x-top-users')
  await page.getByRole('tab', { name: 'Top URLs' }).click()
  const link = page.getByRole('button', { name: /^hxxps:/ }).first()
  await link.waitFor()
  await fine(page, 'x-top-urls')
  await page.emulateMedia({ colorScheme: 'dark' })
  await shot(page, 'x-top-dark')
  await page.emulateMedia({ colorScheme: 'light' })
  await link.click()
  await expect.poll(() => asked(page).getAll('url')).toEqual([expect.stringMatching(/^https:/)])
  await asTheApi(page, server)
  await page.getByRole('tab', { name: 'Top senders' }).click()
  await page
    .getByRole('button', { name: /^Leave out / })
    .first()
    .click()
  await expect.poll(() => asked(page).getAll('not')).toEqual(['sender'])
  await asTheApi(page, server)
}

/** A line for each copy, with the columns that were chosen (explorer #43). */
export async function files(page: Page, server: RunningServer): Promise<void> {
  await page.goto('/explorer?threat=phish&threat=high-confidence-phish')
  await page.getByRole('button', { name: 'Export', exact: true }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText(/At most 200,000 are written/).waitFor()
  await dialog.getByRole('checkbox', { name: 'Sender display name' }).uncheck()
  await shot(page, 'x-export')
  const file = await saved(page, () => dialog.getByRole('button', { name: 'Export' }).click())
  const lines = file.trimEnd().split('\r\n')
  expect(lines[0]).toMatch(/^Date,Subject,Recipient,Recipient domain,Sender address,Sender domain,/)
  const query = 'threat=phish&threat=high-confidence-phish'
  const { total } = (await server.call('GET', `/messages/histogram?${query}`)) as { total: number }
  expect(lines).toHaveLength(total + 1)
}

/** Saved with dates that move along, tracked, opened, changed, removed (explorer #51, #52). */
export async function queries(page: Page, server: RunningServer): Promise<void> {
  await page.goto('/explorer?senderDomain=docs-portal.example&not=senderDomain&urlsOver=1&q=the&range=14d')
  await page.getByRole('button', { name: 'Save query' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Query name').fill('With links')
  expect(await dialog.getByLabel('The last so many days').inputValue()).toBe('14')
  await dialog.getByRole('checkbox', { name: /^Track query/ }).check()
  await shot(page, 'x-save')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await dialog.getByText('“With links” is saved').waitFor()
  await dialog.getByRole('button', { name: 'Done' }).click()
  await page.getByText('Saved query: With links').waitFor()

  await page.goto('/explorer')
  await page.getByRole('button', { name: 'Saved queries' }).click()
  const list = page.getByRole('dialog', { name: 'Saved queries' })
  await list.getByText(/“the”; Sender domain none of docs-portal\.example; URL count more than 1/).waitFor()
  await list.getByText(/^Today \d+ messages?, the day before \d+; /).waitFor()
  await fine(page, 'x-queries')
  await list.getByRole('button', { name: 'With links', exact: true }).click()
  await expect.poll(() => asked(page).getAll('not')).toEqual(['senderDomain'])
  expect(asked(page).get('range')).toBe('14d')
  await page.getByRole('button', { name: 'Remove filter URL count' }).click()
  await page.getByRole('button', { name: 'Save query' }).click()
  expect(await dialog.getByRole('radio', { name: 'Changed “With links”' }).isChecked()).toBe(true)
  await dialog.getByRole('radio', { name: /^Exact dates/ }).check()
  await dialog.getByRole('button', { name: 'Save' }).click()
  await dialog.getByRole('button', { name: 'Done' }).click()
  const kept = (await server.call('GET', '/saved-queries')) as { items: { filter: object; days: number | null }[] }
  expect(kept.items).toMatchObject([{ days: null, filter: { q: 'the', not: ['senderDomain'], from: /./ } }])
  expect(kept.items[0]?.filter).not.toHaveProperty('urlsOver')
  await page.getByRole('button', { name: 'Saved queries' }).click()
  await list.getByRole('button', { name: 'Remove With links' }).click()
  await list.getByRole('button', { name: 'Really remove? With links' }).click()
  await list.getByText('No saved query yet').waitFor()
  await page.keyboard.press('Escape')
}

/** From a message to all mail of the same text, whatever its subject (explorer #64). */
export async function similar(page: Page, server: RunningServer): Promise<void> {
  const { items } = (await server.call('GET', '/messages?q=a%20plan%20was%20shared')) as { items: { id: string }[] }
  await page.goto(`/messages/${items[0]?.id}`)
  await page.getByText(`${items.length} copies`).waitFor()
  await fine(page, 'x-similar')
  await page.getByRole('link', { name: 'The same text' }).click()
  await page.getByRole('button', { name: /^Text fingerprint: / }).waitFor()
  await expect.poll(() => grid(page).getAttribute('aria-rowcount')).toBe(String(items.length + 1))
}

/** The same at 360 pixels, dark: what opens stays within the window. */
export async function narrow(page: Page): Promise<void> {
  await page.goto('/explorer?threat=none&not=threat&urlsOver=0&match=any&by=senderDomain')
  await grid(page).getByRole('row').nth(1).waitFor()
  await fine(page, 'n-explorer')
  await page.getByRole('button', { name: 'Add filter' }).click()
  await fine(page, 'n-add-filter')
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: /^URL count more than/ }).click()
  await fine(page, 'n-chip')
  await page.keyboard.press('Escape')
  await page.getByRole('tab', { name: 'Top URLs' }).click()
  await page
    .getByRole('button', { name: /^hxxps:/ })
    .first()
    .waitFor()
  await fine(page, 'n-top')
  await page.getByRole('tab', { name: 'Email' }).click()
  await page.getByRole('button', { name: 'Columns' }).click()
  await fine(page, 'n-columns')
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Export', exact: true }).click()
  await fine(page, 'n-export')
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Save query' }).click()
  await fine(page, 'n-save')
  await page.keyboard.press('Escape')
}
