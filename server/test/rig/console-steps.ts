// What people do in the console, step by step, and the mail that they meet there.
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { campaigns } from '../../demo/campaigns.ts'
import { AUTHSERV, DIRECTOR, ORGANISATION } from '../../demo/company.ts'
import { type Fed, ours, write } from '../../demo/message.ts'
import { violations } from './browser.ts'
import { hostileMail } from './hostile-mail.ts'
import type { RunningServer } from './running.ts'

export const PERSON = { name: 'Ada Analyst', email: 'ada@alderfinch.example', password: 'a long pass phrase' }

/** The first run's administrator, without a browser. */
export async function setUp(server: RunningServer): Promise<void> {
  const made = await fetch(`${server.url}/api/v1/setup`, {
    method: 'POST',
    headers: { origin: server.url, 'content-type': 'application/json' },
    body: JSON.stringify({ code: server.setupCode, ...PERSON }),
  })
  expect(made.ok).toBe(true)
}

export async function fill(server: RunningServer): Promise<void> {
  await server.call('PUT', '/organisation', ORGANISATION)
  const policy = (await server.call('GET', '/policy')) as Record<string, unknown>
  await server.call('PUT', '/policy', { ...policy, trustedAuthserv: [AUTHSERV] })
  const mails = [...campaigns(new Date()), impersonation(), hostileMail()]
  for (const mail of mails) {
    const query = new URLSearchParams([
      ...mail.recipients.map((r) => ['recipient', r]),
      ['mailFrom', mail.mailFrom],
      ['receivedAt', mail.receivedAt.toISOString()],
    ])
    await server.call('POST', `/import?${query}`, mail.raw)
  }
}

/** One message to two people, held because it shows the director's name. */
function impersonation(): Fed {
  const to = ours('amara.osei')
  const mail = write(
    {
      from: DIRECTOR.name,
      fromAddress: 'ingrid.alder.private@freemail.example',
      to,
      subject: 'Both of you, please',
      at: new Date(Date.now() - 3_600_000),
      auth: 'pass',
      ip: '198.51.100.78',
      text: 'Call me before noon.\n',
      html: '<p>Call me before noon.</p>',
    },
    'both',
  )
  return { ...mail, recipients: [to, ours('leon.brandt')] }
}

/** Many small messages to one mailbox. */
export async function many(server: RunningServer, count: number): Promise<void> {
  const to = ours('yuki.tanabe')
  const mails = Array.from({ length: count }, (_, i) =>
    Buffer.from(
      `From: letters@many.example\r\nTo: ${to}\r\nSubject: Letter ${i}\r\nMessage-ID: <${i}@many.example>\r\n\r\nNumber ${i}\r\n`,
    ),
  )
  const send = async (): Promise<void> => {
    for (let mail = mails.pop(); mail; mail = mails.pop())
      await server.call(
        'POST',
        `/import?${new URLSearchParams({ recipient: to, mailFrom: 'letters@many.example' })}`,
        mail,
      )
  }
  await Promise.all([send(), send(), send(), send()])
}

/** Somebody who may look at everything but content, and change nothing; signed in with `signIn`. */
export async function addReader(server: RunningServer): Promise<typeof PERSON> {
  const reader = { name: 'Rea Reader', email: 'rea@alderfinch.example', password: 'another long pass phrase' }
  await server.call('POST', '/users', { ...reader, role: 'reader' })
  return reader
}

export async function signIn(page: Page, who: Pick<typeof PERSON, 'email' | 'password'> = PERSON): Promise<void> {
  await page.goto('/sign-in')
  await page.getByLabel('Email').fill(who.email)
  await page.getByLabel('Password').fill(who.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { name: 'Explorer', level: 1 }).waitFor()
}

/** Choosing rows of a grid by the start of their names, then the wizard up to its end. */
export async function takeAction(page: Page, action: RegExp): Promise<void> {
  await page.getByRole('button', { name: 'Take action' }).click()
  await page.getByRole('radio', { name: action }).check()
  for (let step = 0; step < 3; step++) {
    expect(await violations(page)).toEqual([])
    await page.getByRole('button', { name: 'Next' }).click()
  }
  await page.getByText('will be acted on').waitFor()
  expect(await violations(page)).toEqual([])
  await page.getByRole('button', { name: 'Submit' }).click()
  await page.getByRole('heading', { name: 'Results' }).waitFor()
}

let looks = 0
/** Nothing is on its way any more: for ten frames in a row, which take longer where everything does. */
export const settled = (page: Page): Promise<unknown> =>
  page.waitForFunction(
    (key) => {
      const busy = document.querySelector('[aria-busy=true], .fui-Spinner') !== null
      const quiet = busy ? 0 : Number(Reflect.get(window, key) ?? 0) + 1
      Reflect.set(window, key, quiet)
      return quiet >= 10
    },
    `quiet ${++looks}`,
    { polling: 'raf' },
  )

export async function tabBackTo(page: Page, role: 'button', name: string): Promise<void> {
  const wanted = page.getByRole(role, { name, exact: true })
  for (let i = 0; i < 20; i++) {
    if (await wanted.evaluate((el) => el === document.activeElement)) return
    await page.keyboard.press('Shift+Tab')
  }
  expect.fail(`Shift+Tab does not reach ${name}`)
}

export async function arrowTo(page: Page, name: RegExp): Promise<void> {
  const wanted = page.getByRole('radio', { name })
  for (let i = 0; i < 10; i++) {
    if (await wanted.isChecked()) return
    await page.keyboard.press('ArrowDown')
    // A person sees where the arrow has led before the next one.
    await settled(page)
  }
  const focused = await page.evaluate(() => document.activeElement?.outerHTML.slice(0, 200))
  expect.fail(`The arrows do not reach the radio button ${String(name)}; the focus is at ${focused}`)
}

export async function everyPage(server: RunningServer): Promise<[name: string, path: string][]> {
  const first = async (path: string): Promise<string> => {
    const page = (await server.call('GET', path)) as { items: { id: string }[] }
    return page.items[0]?.id ?? expect.fail(`${path} is empty`)
  }
  const message = `/messages/${await first('/messages?q=desk')}`
  return [
    ['explorer', '/explorer'],
    ['explorer-filtered', '/explorer?threat=phish&threat=spam&range=7d&q=a'],
    ['analysis', message],
    ...['recipients', 'timeline', 'url', 'attachments', 'headers', 'preview'].map((tab): [string, string] => [
      tab,
      `${message}?tab=${tab}`,
    ]),
    ['action-center', '/action-center'],
    ['action', `/action-center/${await first('/actions')}`],
    ['quarantine', '/quarantine'],
    ['submissions', '/submissions'],
    ['lists', '/tenant-allow-block-list'],
    ...['organisation', 'policy', 'retention', 'engines', 'users', 'tokens', 'audit'].map((tab): [string, string] => [
      tab,
      `/settings/${tab}`,
    ]),
  ]
}
