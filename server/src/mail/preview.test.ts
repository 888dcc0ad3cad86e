import { spawn } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { unprivileged } from '../../test/rig/account.ts'
import { corpusFiles } from '../../test/rig/corpus.ts'
import { program } from '../../test/rig/programs.ts'
import { HOSTILE_HTML } from './hostile-html.fixture.ts'
import { createParser, type Parser, PREVIEW_CSP } from './index.ts'

/** A message with this HTML as its body, in base64 so that every byte arrives as written. */
const mailOf = (html: string) =>
  Buffer.from(
    `From: eve@example.org\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n${Buffer.from(html).toString('base64')}\r\n`,
  )

describe('previews in a real browser', () => {
  let parser: Parser
  let server: Server
  let browser: Browser
  let profile: string
  let stop: () => Promise<void> = async () => undefined
  const pages = new Map<string, { html: string; csp: string }>()
  let origin = ''
  let page: Page | undefined

  beforeAll(async () => {
    parser = createParser({ workers: 1 })
    server = createServer((request, response) => {
      const page = pages.get(request.url ?? '')
      response.writeHead(page ? 200 : 404, {
        'content-type': 'text/html; charset=utf-8',
        ...(page?.csp ? { 'content-security-policy': page.csp } : {}),
      })
      response.end(page?.html ?? '')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const started = await startChromium()
    ;({ browser, profile, stop } = started)
  })
  afterAll(async () => {
    await stop()
    if (profile) rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
    await new Promise((resolve) => server.close(resolve))
    await parser.close()
  })

  /** One page for all documents; what it tries is written into the list of the moment. */
  let attempts: string[] = []
  let allowed = ''
  async function newPage(): Promise<Page> {
    const context = await browser.newContext()
    await context.route('**/*', (route) => {
      const url = route.request().url()
      if (url === allowed) return route.continue()
      attempts.push(url)
      return route.abort()
    })
    const created = await context.newPage()
    created.on('dialog', (dialog) => {
      attempts.push(`dialog ${dialog.message()}`)
      void dialog.dismiss()
    })
    context.on('page', (popup) => {
      attempts.push(`popup ${popup.url()}`)
      void popup.close()
    })
    return created
  }

  /** Opens a document, presses whatever is left to press, and reports everything that it tried. */
  async function open(html: string, csp: string) {
    const path = `/preview-${pages.size}`
    pages.set(path, { html, csp })
    allowed = `${origin}${path}`
    attempts = []
    page ??= await newPage()
    await page.goto(allowed)
    const press = () => {
      for (const element of [...document.querySelectorAll('u, span, a, area, input, button')].slice(0, 200)) {
        if (element instanceof HTMLElement) element.click()
      }
    }
    const look = () => ({ marked: 'marked' in window, url: location.href, text: document.body?.textContent ?? '' })
    try {
      await page.evaluate(press)
      await page.waitForTimeout(30)
      const state = await page.evaluate(look)
      return { attempts, ...state, url: state.url === allowed ? 'same' : state.url }
    } catch (error) {
      // The document went somewhere while it was looked at.
      return { attempts: [...attempts, String(error)], marked: false, url: page.url(), text: '' }
    }
  }

  async function closePage(): Promise<void> {
    const old = page
    page = undefined
    await old?.context().close()
  }

  /** What an unsafe document began must not be blamed on the next one. */
  async function openAlone(html: string, csp: string) {
    await closePage()
    const seen = await open(html, csp)
    await closePage()
    return seen
  }

  it('the test would notice: the same HTML without our rendering does run and load', async () => {
    const noticed = { attempts: 0, marked: 0 }
    for (const name of [
      'link with target',
      'event handlers',
      'remote images',
      'iframe',
      'style with import',
      'meta refresh',
    ]) {
      const seen = await openAlone(`<!doctype html><body>${HOSTILE_HTML[name]}`, '')
      noticed.attempts += seen.attempts.length
      noticed.marked += seen.marked ? 1 : 0
    }
    expect(noticed.attempts).toBeGreaterThanOrEqual(5)
    expect(noticed.marked).toBeGreaterThanOrEqual(1)
  })

  it('no request leaves, no script runs, nothing navigates — by the rendering alone, without its policy', async () => {
    for (const [name, hostile] of Object.entries(HOSTILE_HTML)) {
      const { html } = await parser.renderSafe(mailOf(hostile))
      const bare = html.replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/, '')
      const seen = await open(bare, '')
      expect({ name, attempts: seen.attempts, marked: seen.marked, url: seen.url }).toEqual({
        name,
        attempts: [],
        marked: false,
        url: 'same',
      })
    }
  })

  it('the same under its policy, all in one document', async () => {
    const all = Object.entries(HOSTILE_HTML).filter(([name]) => !name.includes('nested'))
    const { html } = await parser.renderSafe(mailOf(`<p>beginning</p>${all.map(([, h]) => h).join('<p>')}`))
    const seen = await open(html, PREVIEW_CSP)
    expect({ attempts: seen.attempts, url: seen.url }).toEqual({ attempts: [], url: 'same' })
    expect(seen.text).toContain('beginning')
  })

  it('the policy alone, should the rendering ever fail, keeps hostile HTML from running or loading', async () => {
    for (const [name, hostile] of Object.entries(HOSTILE_HTML)) {
      // A document may always navigate itself by meta refresh or a followed link; only the rendering stops that.
      if (/refresh|link|area|noscript|base|nested|svg$|form/.test(`${name}`)) continue
      const seen = await openAlone(`<!doctype html><body>${hostile}`, PREVIEW_CSP)
      expect({ name, attempts: seen.attempts, marked: seen.marked }).toEqual({ name, attempts: [], marked: false })
    }
  })

  const phish = corpusFiles('mail/phish').filter((_, i) => i % 15 === 0)
  it.skipIf(phish.length === 0)('50 real phish stay inert', async () => {
    for (const file of phish) {
      const { html } = await parser.renderSafe(readFileSync(file))
      const seen = await open(html, PREVIEW_CSP)
      expect({ file, attempts: seen.attempts, url: seen.url }).toEqual({ file, attempts: [], url: 'same' })
    }
  })
})

/** Chromium as an unprivileged account where we are root; Playwright itself cannot change the account. */
async function startChromium(): Promise<{ browser: Browser; profile: string; stop: () => Promise<void> }> {
  const account = unprivileged()
  const profile = mkdtempSync(join(tmpdir(), 'recourse-chromium-'))
  if (account) chownSync(profile, account.uid, account.gid)
  const flags = [
    '--headless=new',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-dev-shm-usage',
    '--no-first-run',
    '--disable-extensions',
  ]
  const child = spawn(
    program('/usr/bin/chromium'),
    [
      ...flags,
      '--disable-background-networking',
      `--user-data-dir=${profile}`,
      '--remote-debugging-port=0',
      'about:blank',
    ],
    {
      ...(account ? { uid: account.uid, gid: account.gid } : {}),
      env: { PATH: process.env['PATH'] ?? '', HOME: profile },
      stdio: 'ignore',
      detached: true,
    },
  )
  const ended = new Promise((resolve) => child.once('exit', resolve))
  let browser: Browser | undefined
  const stop = async () => {
    // Asked to close, it ends its helpers itself; its process group is the fallback.
    const session = await browser?.newBrowserCDPSession().catch(() => undefined)
    await session?.send('Browser.close').catch(() => undefined)
    const force = setTimeout(() => process.kill(-(child.pid ?? Number.NaN), 'SIGKILL'), session ? 5_000 : 0)
    await ended
    clearTimeout(force)
  }
  try {
    browser = await chromium.connectOverCDP(`http://127.0.0.1:${await portOf(profile)}`)
    return { browser, profile, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function portOf(profile: string): Promise<number> {
  const file = join(profile, 'DevToolsActivePort')
  for (let i = 0; i < 300; i++) {
    if (existsSync(file)) {
      const port = Number(readFileSync(file, 'utf8').split('\n')[0])
      if (port > 0) return port
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error('Chromium did not start within 30 s')
}
