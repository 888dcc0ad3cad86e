import type { Inside } from '../../api/types.ts'
import { defang, visible } from '../../parts/text.ts'
import { plural } from '../../words.ts'

export type Tone = 'bad' | 'warn' | 'plain'
/** What an analyst should see of what was found: a label, the words, and whether it is unusual. */
export interface Finding {
  readonly label: string
  readonly values: readonly string[]
  readonly tone: Tone
}

export interface Part {
  readonly title: string
  readonly findings: readonly Finding[]
}

const finding = (label: string, value: string | readonly string[], tone: Tone = 'plain'): Finding => ({
  label,
  values: (typeof value === 'string' ? [value] : value).map((text) => visible(text, 300)),
  tone,
})

/** Left out where there is nothing to say. */
const when = (there: boolean, ...rest: Parameters<typeof finding>): Finding[] => (there ? [finding(...rest)] : [])

/** What is inside a file, part by part. */
export function partsOf(inside: Inside): Part[] {
  const { archive, office, page, pdf, message, calendar, image, notes } = inside
  return [
    ...(archive ? [{ title: `${archive.kind.toUpperCase()} archive`, findings: archiveFindings(archive) }] : []),
    ...(office ? [{ title: 'Office document', findings: officeFindings(office) }] : []),
    ...(pdf ? [{ title: 'PDF', findings: pdfFindings(pdf) }] : []),
    ...(page ? [{ title: 'Web page', findings: pageFindings(page) }] : []),
    ...(message ? [{ title: 'Message', findings: messageFindings(message) }] : []),
    ...(calendar ? [{ title: 'Invitation', findings: calendarFindings(calendar) }] : []),
    ...(image ? [{ title: 'Picture', findings: imageFindings(image) }] : []),
    ...(notes && notes.length > 0 ? [{ title: 'What was found', findings: [finding('Found', notes, 'warn')] }] : []),
  ]
}

const archiveFindings = (a: NonNullable<Inside['archive']>): Finding[] => [
  finding('Members', plural(a.count, 'file')),
  ...when(a.encrypted, 'Locked', 'With a password: what is inside cannot be looked at', 'warn'),
  ...when(a.depth > 1, 'Archives inside', `${plural(a.depth - 1, 'level')} deep`, 'warn'),
  ...when(a.stopped !== null, 'Not read to its end', a.stopped ?? '', 'warn'),
]

const officeFindings = (o: NonNullable<Inside['office']>): Finding[] => [
  finding('Macros', o.macros ? 'Yes' : 'None', o.macros ? 'bad' : 'plain'),
  ...when(o.suspicious.length > 0, 'Run by themselves or call programs', o.suspicious, 'bad'),
  ...when(o.external.length > 0, 'Loads from elsewhere', o.external.map(defang), 'bad'),
  ...when(o.dde, 'DDE', 'Asks other programs for data', 'bad'),
  ...when(o.embedded > 0, 'Embedded files', plural(o.embedded, 'file'), 'warn'),
  ...when(o.encrypted, 'Locked', 'With a password', 'warn'),
]

const pdfFindings = (p: NonNullable<Inside['pdf']>): Finding[] => [
  finding('Pages', p.pages.toLocaleString()),
  ...when(p.links > 0, 'Links', plural(p.links, 'link')),
  ...when(p.scripts, 'Scripts', 'Yes', 'bad'),
  ...when(p.actions.length > 0, 'Actions', p.actions, 'warn'),
  ...when(p.texts === 0 && p.images > 0, 'Text', 'None, pictures only', 'warn'),
  ...when(p.encrypted, 'Locked', 'With a password', 'warn'),
]

const formsText = (forms: readonly { readonly host: string | null; readonly passwords: number }[]): string[] =>
  forms.map(
    (f) => `to ${f.host ? defang(f.host) : 'nowhere on the network'}${f.passwords > 0 ? ', asks for a password' : ''}`,
  )

const pageFindings = (p: NonNullable<Inside['page']>): Finding[] => [
  ...when(p.passwords > 0, 'Password fields', p.passwords.toLocaleString(), 'bad'),
  ...when(p.forms.length > 0, 'Forms', formsText(p.forms), 'warn'),
  ...when(p.scripts + p.handlers > 0, 'Scripts', plural(p.scripts + p.handlers, 'script'), 'warn'),
  ...when(p.redirects, 'Leads elsewhere', 'By itself, when it is opened', 'bad'),
  ...when(p.builds.length > 0, 'Puts a file together', p.builds, 'bad'),
  ...when(
    p.encoded > 0,
    'Longest encoded text',
    `${p.encoded.toLocaleString()} characters`,
    p.encoded > 500 ? 'warn' : 'plain',
  ),
  ...when(p.frames > 0, 'Frames', p.frames.toLocaleString(), 'warn'),
  ...when(p.addresses.length > 0, 'Addresses of people', p.addresses, 'warn'),
  finding('Visible text', `${p.visible.toLocaleString()} characters`),
]

const messageFindings = (m: NonNullable<Inside['message']>): Finding[] => [
  finding('Subject', m.subject === '' ? '(no subject)' : m.subject),
  finding('From', m.from ?? '–'),
  ...when(m.files.length > 0, 'Files', m.files),
]

const calendarFindings = (c: NonNullable<Inside['calendar']>): Finding[] => [
  finding('Summary', c.summary === '' ? '–' : c.summary),
  finding('Organiser', c.organiser ?? '–'),
  ...when(c.method !== null, 'Method', c.method ?? ''),
  finding('Events', `${plural(c.events, 'event')}, ${plural(c.alarms, 'alarm')}`),
]

const imageFindings = (i: NonNullable<Inside['image']>): Finding[] => [
  finding('Size', `${i.width.toLocaleString()} × ${i.height.toLocaleString()}`),
  ...when(
    i.codes.length > 0,
    'QR code',
    i.codes.map((code) => (/^[a-z][a-z0-9+.-]*:/i.test(code) ? defang(code) : code)),
    'warn',
  ),
]
