// A phone, 390 pixels wide, and names that are longer than it: addresses of 70 characters that nothing breaks by itself. The real server, real Chromium.
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ORGANISATION } from '../demo/company.ts'
import { write } from '../demo/message.ts'
import { overflow, violations, watchedPage } from './rig/browser.ts'
import { shot } from './rig/console-build.ts'
import { settled, setUp, signIn } from './rig/console-steps.ts'
import { type OpenConsole, openConsole } from './rig/open-console.ts'
import type { RunningServer } from './rig/running.ts'

const [DOMAIN = ''] = ORGANISATION.domains
const address = (start: string, domain: string): string => `${start.padEnd(69 - domain.length, 'x')}@${domain}`
const TO = address('recipient', DOMAIN)
const FROM = address('sender', 'freemail.example')

let opened: OpenConsole | undefined
let server: RunningServer
let browser: Browser

const first = async (path: string): Promise<string> => {
  const { items } = (await server.call('GET', path)) as { items: { id?: string; messageId?: string }[] }
  return items[0]?.id ?? items[0]?.messageId ?? expect.fail(`${path} is empty`)
}

/** What of the cards and buttons in sight cannot be read whole: cut off by what is around it, or beyond the window with no way to scroll there. */
const cutOff = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const scrolls = (element: Element | null): boolean =>
      element !== null &&
      (['auto', 'scroll'].includes(getComputedStyle(element).overflowX) || scrolls(element.parentElement))
    const wide = (e: Element): boolean => e.scrollWidth > e.clientWidth + 1
    const beyond = (e: Element): boolean => {
      const { left, right } = e.getBoundingClientRect()
      return (left < -1 || right > window.innerWidth + 1) && !scrolls(e.parentElement)
    }
    const high = (row: Element): boolean => {
      const { top, bottom } = row.getBoundingClientRect()
      return [...row.children].some((cell) => {
        const box = cell.getBoundingClientRect()
        return box.top < top || box.bottom > bottom + 1
      })
    }
    const seen = (selector: string): Element[] =>
      [...document.querySelectorAll(selector)].filter(
        (e) => e.getClientRects().length > 0 && !e.closest('[aria-hidden=true]'),
      )
    return [
      ...seen('main button:not(.grid-head *), [role=dialog] button').filter((e) => wide(e) || beyond(e)),
      ...seen('.cards .grid-row').filter(high),
      ...seen('.cards .grid-row .ellipsis').filter(wide),
    ].map((e) => `${e.className.slice(0, 30)} ${e.textContent?.slice(0, 80)}`)
  })

describe('long addresses on a phone', () => {
  beforeAll(async () => {
    opened = await openConsole()
    server = opened.server
    browser = opened.browser
    await setUp(server)
    const mailboxes = [...ORGANISATION.mailboxes, { address: TO, displayName: TO }]
    await server.call('PUT', '/organisation', { ...ORGANISATION, mailboxes })
    for (const subject of ['Held mail', 'Another one']) {
      const mail = write(
        {
          from: 'Ingrid Alder',
          fromAddress: FROM,
          to: TO,
          subject,
          at: new Date(Date.now() - 600_000),
          auth: 'pass',
          ip: '198.51.100.78',
          text: `${subject}: call me.\n`,
          html: `<p>${subject}: call me.</p>`,
        },
        subject,
      )
      await server.call('POST', `/import?${new URLSearchParams({ recipient: TO, mailFrom: FROM })}`, mail.raw)
    }
    const all = { filter: { sender: FROM } }
    await server.call('POST', '/actions', {
      kind: 'soft-delete',
      propose: true,
      select: all,
      name: `Remove mail of ${FROM}`,
    })
    await server.call('POST', '/entries', { action: 'block', kind: 'sender', value: FROM })
    await server.call('POST', `/messages/${await first('/messages')}/submissions`, {
      as: 'analyst',
      opinion: 'should-have-been-blocked',
      threat: 'phish',
    })
  })

  afterAll(() => opened?.close())

  test('no page scrolls sideways, and nothing is cut off without a way to it', async () => {
    const message = await first('/messages')
    const action = await first('/actions?tab=pending')
    const held = await first('/quarantine')
    const { page, context, problems } = await watchedPage(browser, server.url, { width: 390, height: 844 })
    await signIn(page)
    const wrong: string[] = []
    for (const [name, path] of [
      ['explorer', '/explorer'],
      ['quarantine', '/quarantine'],
      ['held', `/quarantine?open=${held}`],
      ['actions', '/action-center?tab=pending'],
      ['action-flyout', `/action-center?tab=pending&open=${action}`],
      ['action', `/action-center/${action}`],
      ['submissions', '/submissions'],
      ['lists', '/tenant-allow-block-list'],
      ...['', 'recipients', 'timeline', 'headers', 'preview'].map((tab) => [
        `message-${tab}`,
        `/messages/${message}?tab=${tab}`,
      ]),
      ['organisation', '/settings/organisation'],
      ['users', '/settings/users'],
      ['audit', '/settings/audit'],
    ] as const) {
      await page.goto(path ?? '')
      await settled(page)
      wrong.push(...(await violations(page)).map((v) => `${name}: ${v}`))
      await shot(page, `narrow-${name}`, { fullPage: true })
      const wider = await overflow(page)
      if (wider > 0) wrong.push(`${name}: ${wider} pixels wider than the window`)
      wrong.push(...(await cutOff(page)).map((what) => `${name}: ${what}`))
    }
    expect(wrong).toEqual([])
    expect(problems).toEqual([])
    await context.close()
  })

  test('cards of different heights stay one below the other when the list above them changes', async () => {
    const mail = (subject: string, mailFrom: string) => {
      const raw = `From: ${mailFrom}\r\nTo: ${TO}\r\nSubject: ${subject}\r\nMessage-ID: <${subject.replaceAll(' ', '')}@x.example>\r\n\r\nHello\r\n`
      return server.call('POST', `/import?${new URLSearchParams({ recipient: TO, mailFrom })}`, Buffer.from(raw))
    }
    await mail('Pile below', 'c@short.example')
    await mail('Pile tall', address('tall', 'short.example'))
    await mail('Pile other', 'a@short.example')
    const { page, context } = await watchedPage(browser, server.url, { width: 390, height: 844 })
    await signIn(page)
    await page.goto('/explorer?q=Pile')
    const boxes = async () => {
      await settled(page)
      const all = await page
        .locator('.cards .grid-row')
        .evaluateAll((rows) =>
          rows.map((row) => row.getBoundingClientRect()).map(({ top, bottom }) => ({ top, bottom })),
        )
      return all.toSorted((a, b) => a.top - b.top)
    }
    const steps = async () => {
      const sorted = await boxes()
      return sorted.slice(1).map((box, i) => Math.round(box.top - (sorted[i]?.bottom ?? 0)))
    }
    await expect.poll(steps).toEqual([0, 0])
    await mail('Pile newest', 'd@short.example')
    await page.getByRole('button', { name: 'Refresh' }).click()
    await page.getByText('Pile newest').waitFor()
    expect(await steps()).toEqual([0, 0, 0])
    await context.close()
  })
})
