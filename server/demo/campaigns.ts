// Mail written for the demo: what an analyst of a small company meets in a week.
import { address, DIRECTOR, DOMAIN, PEOPLE } from './company.ts'
import { type Fed, ours, write } from './message.ts'

const HOUR = 3_600_000

/** All campaigns, oldest first. */
export function campaigns(now: Date): Fed[] {
  const ago = (hours: number): Date => new Date(now.getTime() - hours * HOUR)
  return [
    ...newsletter(ago),
    ...passwordPhish(ago),
    ...impersonatedDirector(ago),
    ...invoiceWithScript(ago),
    ...lookAlikeSupplier(ago),
    ...missedPhish(ago),
  ].sort((a, b) => a.receivedAt.getTime() - b.receivedAt.getTime())
}

type Ago = (hours: number) => Date

/** A wanted trade newsletter for three people: authenticated, but its links show one site and lead to a mailing provider's. */
export function newsletter(ago: Ago, issues: readonly number[] = [1, 2, 3]): Fed[] {
  return issues.map((issue) => {
    const link = (path: string) => `https://c.mailpost.example/t/${issue}/${path}`
    const shown = (path: string) => `https://www.timberjournal.example/${path}`
    const rows = ['facades', 'fire-safety', 'competition-harbour-library']
      .map((p) => `<p><a href="${link(p)}">${shown(p)}</a></p>`)
      .join('')
    const mail = write(
      {
        from: 'Timber Journal',
        fromAddress: 'letters@timberjournal.example',
        to: 'readers@timberjournal.example',
        subject: `Timber Journal no. ${issue + 40}: facades, fire safety, a library by the harbour`,
        at: ago(24 * 7 * (3 - issue) + 30),
        auth: 'pass',
        ip: '203.0.113.40',
        text: `Timber Journal no. ${issue + 40}\n\nThree long reads for people who build with wood.\n`,
        html: `<h1>Timber Journal no. ${issue + 40}</h1><p>Three long reads for people who build with wood.</p>${rows}<p>Verify your subscription settings at any time. <a href="${link('login')}">https://account.timberjournal.example/login</a></p>`,
        headers: ['List-Unsubscribe: <https://c.mailpost.example/u>', 'Precedence: bulk'],
      },
      `tj-${issue}`,
    )
    return { ...mail, recipients: ['ingrid.alder', 'yuki.tanabe', 'sofia.marchetti'].map(ours) }
  })
}

/** Credential phishing to everybody: forged sender, link text against target. */
function passwordPhish(ago: Ago): Fed[] {
  return PEOPLE.map((person, i) =>
    write(
      {
        from: 'Mail Administration',
        fromAddress: `no-reply@${DOMAIN}`,
        to: address(person),
        subject: `Your mailbox password expires in ${24 - i} hours`,
        at: ago(52 - i * 0.05),
        auth: 'fail',
        ip: '198.51.100.23',
        text: `Dear ${person.name},\n\nyour password expires today. Keep it: https://mail.${DOMAIN}/keep\n`,
        html: `<p>Dear ${person.name},</p><p>your password expires today.</p><p><a href="https://login-keep.webhost-17.example/${i}">https://mail.${DOMAIN}/keep</a></p>`,
      },
      `pw-${i}`,
    ),
  )
}

/** A stranger with the director's name asks finance for a transfer. */
function impersonatedDirector(ago: Ago): Fed[] {
  return ['amara.osei', 'leon.brandt'].map((local, i) =>
    write(
      {
        from: DIRECTOR.name,
        fromAddress: 'ingrid.alder.office@freemail.example',
        to: ours(local),
        subject: 'Are you at your desk?',
        at: ago(20 - i * 0.1),
        auth: 'pass',
        ip: '198.51.100.77',
        text: 'I am in a meeting and need a payment made before noon. Tell me when you can take the details.\n\nIngrid\n\nSent from my phone\n',
        html: '<p>I am in a meeting and need a payment made before noon. Tell me when you can take the details.</p><p>Ingrid</p><p>Sent from my phone</p>',
      },
      `bec-${i}`,
    ),
  )
}

/** An "invoice" that is a script. Harmless text, the name and the type are what counts. */
function invoiceWithScript(ago: Ago): Fed[] {
  return ['leon.brandt', 'amara.osei', 'grace.kimani'].map((local, i) =>
    write(
      {
        from: 'Billing',
        fromAddress: 'billing@parcel-notice.example',
        to: ours(local),
        subject: `Overdue invoice 20${i}-4471`,
        at: ago(31 - i * 0.2),
        auth: 'none',
        ip: '192.0.2.61',
        text: 'Please find the overdue invoice attached.\n',
        html: '<p>Please find the overdue invoice attached.</p>',
        attachment: {
          name: 'invoice-4471.pdf.js',
          type: 'application/pdf',
          bytes: Buffer.from('// a demo file, it does nothing\n'),
        },
      },
      `inv-${i}`,
    ),
  )
}

/** A supplier's thread continued from a domain that looks like the company's own. */
function lookAlikeSupplier(ago: Ago): Fed[] {
  return ['amara.osei', 'tomas.finch'].map((local, i) =>
    write(
      {
        from: 'Accounts Alder & Finch',
        fromAddress: 'accounts@alderf1nch.example',
        to: ours(local),
        subject: 'RE: new bank details for the harbour project',
        at: ago(75 - i),
        auth: 'pass',
        ip: '198.51.100.9',
        text: 'As agreed by phone, please use the new account from this month on.\n',
        html: '<p>As agreed by phone, please use the new account from this month on.</p>',
      },
      `sup-${i}`,
    ),
  )
}

/** What no signal catches: delivered to ten people, and one of them will report it. */
function missedPhish(ago: Ago): Fed[] {
  return PEOPLE.slice(2).map((person, i) =>
    write(
      {
        from: 'Document Portal',
        fromAddress: 'share@docs-portal.example',
        to: address(person),
        subject: `${person.name.split(' ')[0]}, a plan was shared with you (${1200 + i * 7})`,
        at: ago(6 - i * 0.1),
        auth: 'pass',
        ip: '203.0.113.180',
        text: `A document is waiting for you: https://docs-portal.example/view/${1200 + i * 7}\n\nSign in with your mail password to open it.\n`,
        html: `<p>A document is waiting for you.</p><p><a href="https://docs-portal.example/view/${1200 + i * 7}">Open the plan</a></p><p>Sign in with your mail password to open it.</p>`,
      },
      `doc-${i}`,
    ),
  )
}
