import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { expect } from 'vitest'
import { program } from './programs.ts'

const ARGS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export const openBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: program('/usr/bin/chromium'), args: ARGS })

export interface Look {
  readonly scheme?: 'light' | 'dark'
  readonly width?: number
  readonly height?: number
}

/** A page that remembers whatever went wrong in it and whatever it asked of others than its server. */
export interface WatchedPage {
  readonly page: Page
  readonly context: BrowserContext
  /** Console errors and warnings (a breach of the content security policy is one), thrown errors, dialogs. */
  readonly problems: string[]
  /** Addresses of requests that did not go to the server. */
  readonly strays: string[]
}

/** `expected` is what a test provokes: a refused sign-in is an error in the browser's console. */
export async function watchedPage(browser: Browser, base: string, look: Look = {}): Promise<WatchedPage> {
  const context = await browser.newContext({
    baseURL: base,
    viewport: { width: look.width ?? 1366, height: look.height ?? 820 },
    colorScheme: look.scheme ?? 'light',
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
  })
  const page = await context.newPage()
  page.setDefaultTimeout(60_000)
  const problems: string[] = []
  const strays: string[] = []
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) problems.push(`${message.type()}: ${message.text()}`)
  })
  page.on('pageerror', (error) => problems.push(`thrown: ${error.message}`))
  page.on('dialog', (dialog) => {
    problems.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  context.on('request', (request) => {
    const url = request.url()
    if (!url.startsWith(`${base}/`) && !url.startsWith('data:') && !url.startsWith('about:')) strays.push(url)
  })
  return { page, context, problems, strays }
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface AxeNode {
  readonly html: string
  readonly failureSummary?: string
}
interface Violation {
  readonly id: string
  readonly nodes: readonly AxeNode[]
}

/**
 * Whatever axe finds wrong with what the page shows now. Run through the debugger, so that the page's policy need not
 * be loosened. Left out: the focus dummies of the component library, which pass the focus on the moment they get it.
 */
export async function violations(page: Page): Promise<string[]> {
  await still(page)
  await page.evaluate(AXE)
  const found = await page.evaluate(async () => {
    const axe = Reflect.get(window, 'axe') as {
      run(context: object, options: object): Promise<{ violations: Violation[] }>
    }
    const result = await axe.run({ exclude: [['[data-tabster-dummy]']] }, { resultTypes: ['violations'] })
    return result.violations.map((v) => ({ id: v.id, nodes: v.nodes.map((n) => `${n.html} — ${n.failureSummary}`) }))
  })
  return found.flatMap((v) => v.nodes.slice(0, 3).map((node) => `${v.id}: ${node.slice(0, 500)}`))
}

/** Half faded in, nothing has its contrast yet: waits until what moves has come to its end. */
const still = (page: Page): Promise<unknown> =>
  page.waitForFunction(() =>
    document
      .getAnimations()
      .every((a) => a.playState !== 'running' || a.effect?.getComputedTiming().endTime === Number.POSITIVE_INFINITY),
  )

/** How many pixels the page is wider than its window; what is wide must scroll inside its own region. */
export const overflow = (page: Page): Promise<number> =>
  page.evaluate(() => {
    const main = document.querySelector('main')
    const inMain = main ? main.scrollWidth - main.clientWidth : 0
    return Math.max(document.documentElement.scrollWidth - window.innerWidth, inMain)
  })

/** Presses Tab until the element with this role and name has the focus; a keyboard user gives up sooner or later. */
export async function tabTo(page: Page, role: string, name: string | RegExp, most = 60): Promise<void> {
  const wanted = page.getByRole(role as 'button', typeof name === 'string' ? { name, exact: true } : { name })
  // Nobody presses Tab for what is not there yet.
  await wanted.first().waitFor()
  for (let i = 0; i < most; i++) {
    // All in one look: what one saw before may be gone from the page.
    if (await wanted.evaluateAll((all) => all.some((el) => el === document.activeElement))) return
    await page.keyboard.press('Tab')
  }
  const focused = await page.evaluate(() => document.activeElement?.outerHTML.slice(0, 200))
  expect.fail(`The keyboard does not reach the ${role} ${String(name)} within ${most} tabs; it is at ${focused}`)
}

/** A dialog that opens takes the focus, when it is drawn. */
export async function focusInDialog(page: Page): Promise<void> {
  await page.waitForFunction(() => document.activeElement?.closest('[role=dialog]'))
}

/** Whether the focused element shows that it has the focus: an outline of its own or one drawn by the library. */
export const focusIsVisible = (page: Page): Promise<boolean> =>
  page.evaluate(() => {
    const element = document.activeElement
    if (!element || element === document.body) return false
    const drawn = (style: CSSStyleDeclaration): boolean =>
      (style.outlineStyle !== 'none' && Number.parseFloat(style.outlineWidth) > 0) || style.boxShadow !== 'none'
    const around = [element, element.parentElement, element.nextElementSibling].filter((e) => e !== null)
    return around.some(
      (e) =>
        drawn(getComputedStyle(e)) ||
        drawn(getComputedStyle(e, '::after')) ||
        Number.parseFloat(getComputedStyle(e, '::after').borderTopWidth) >= 2,
    )
  })
