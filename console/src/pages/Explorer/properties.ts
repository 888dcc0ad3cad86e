import type { MessageFilter, Negatable } from '../../api/types.ts'
import type { Property } from '../../parts/filters/search.ts'
import { bytes } from '../../parts/text.ts'
import { ADDITIONAL, AUTH_RESULT, DELIVERY, DIRECTIONALITY, LOCATION, TECHNOLOGY, THREAT } from '../../words.ts'

/** Every condition of the server's filter language; its time, free text and how conditions hold together are asked for elsewhere. */
export type FilterKey = Exclude<keyof MessageFilter, 'q' | 'from' | 'to' | 'not' | 'match'>
type Under = Extract<FilterKey, `${string}Under`>

type One<F extends FilterKey> =
  NonNullable<MessageFilter[F]> extends infer V ? (V extends readonly (infer Item)[] ? Item : V) : never

/** What the table has to say of a filter: a filter that is missing, or a value without a word, does not compile. */
type Entry<F extends FilterKey> = Pick<Property<FilterKey>, 'label' | 'hint' | 'show' | 'read'> & {
  readonly group: (typeof GROUPS)[number]
} & (F extends Negatable ? { readonly negatable: true } : { readonly negatable?: never }) &
  (F extends `${infer Name}Over` ? { readonly under: `${Name}Under` } : { readonly under?: never }) &
  (One<F> extends boolean ? { readonly yesNo: true } : { readonly yesNo?: never }) &
  (One<F> extends boolean
    ? { readonly options: Readonly<Record<'true' | 'false', string>> }
    : [One<F>] extends [string]
      ? string extends One<F>
        ? { readonly options?: never }
        : { readonly options: Readonly<Record<One<F>, string>> }
      : { readonly options?: never })

const GROUPS = ['Detection', 'Delivery', 'Sender and recipient', 'Content', 'Authentication', 'Identity'] as const
const [DETECTION, PLACED, PEOPLE, CONTENT, PROOF, IDENTITY] = GROUPS
const negatable = true
const UUID = '01234567-89ab-7cde-8f01-23456789abcd'
const FINGERPRINT = 'as the message’s page links to it'

/** `2 MB` in bytes; what is no size stays as it was typed, for the server to judge. */
function sizeOf(typed: string): string {
  const [, number, unit = 'b'] = /^(\d+(?:[.,]\d+)?)\s*(b|kb|mb|gb)?$/i.exec(typed.trim()) ?? []
  if (number === undefined) return typed
  const power = ['b', 'kb', 'mb', 'gb'].indexOf(unit.toLowerCase())
  return String(Math.round(Number(number.replace(',', '.')) * 1024 ** power))
}

const shownSize = (value: string): string => (/^\d{1,15}$/.test(value) ? bytes(Number(value)) : value)

const TABLE: { readonly [F in Exclude<FilterKey, Under>]: Entry<F> } = {
  threat: { group: DETECTION, label: 'Threat type', options: THREAT, negatable },
  technology: { group: DETECTION, label: 'Detection technology', options: TECHNOLOGY, negatable },
  reported: {
    group: DETECTION,
    label: 'Reported',
    options: { true: 'Reported', false: 'Not reported' },
    yesNo: true,
  },
  direction: { group: PLACED, label: 'Directionality', options: DIRECTIONALITY, negatable },
  action: { group: PLACED, label: 'Delivery action', options: DELIVERY, negatable },
  additional: { group: PLACED, label: 'Additional action', options: ADDITIONAL, negatable },
  originalLocation: { group: PLACED, label: 'Original delivery location', options: LOCATION, negatable },
  location: { group: PLACED, label: 'Latest delivery location', options: LOCATION, negatable },
  sender: { group: PEOPLE, label: 'Sender address', hint: 'name@example.com', negatable },
  senderDomain: { group: PEOPLE, label: 'Sender domain', hint: 'example.com', negatable },
  protected: {
    group: PEOPLE,
    label: 'Recipient tag',
    options: { true: 'Protected mailbox', false: 'No tag' },
    yesNo: true,
  },
  recipient: { group: PEOPLE, label: 'Recipient', hint: 'name@example.com', negatable },
  ip: { group: PEOPLE, label: 'Sender IP', hint: '203.0.113.7', negatable },
  urlDomain: { group: CONTENT, label: 'URL domain', hint: 'example.com', negatable },
  url: { group: CONTENT, label: 'URL', hint: 'https://example.com/path', negatable },
  urlsOver: { group: CONTENT, label: 'URL count', hint: 'A whole number', under: 'urlsUnder' },
  fileHash: { group: CONTENT, label: 'Attachment SHA256', hint: '64 hexadecimal digits', negatable },
  attachmentsOver: { group: CONTENT, label: 'Attachment count', hint: 'A whole number', under: 'attachmentsUnder' },
  sizeOver: {
    group: CONTENT,
    label: 'Email size',
    hint: 'Bytes, or with a unit: 2 MB',
    under: 'sizeUnder',
    show: shownSize,
    read: sizeOf,
  },
  spf: { group: PROOF, label: 'SPF', options: AUTH_RESULT, negatable },
  dkim: { group: PROOF, label: 'DKIM', options: AUTH_RESULT, negatable },
  dmarc: { group: PROOF, label: 'DMARC', options: AUTH_RESULT, negatable },
  aligned: {
    group: PROOF,
    label: 'Sender’s domain',
    options: { true: 'Proved by SPF or DKIM', false: 'Not proved' },
    yesNo: true,
  },
  internetMessageId: { group: IDENTITY, label: 'Internet message ID', hint: '<id@example.com>', negatable },
  messageId: { group: IDENTITY, label: 'Network message ID', hint: UUID, negatable },
  mailbox: { group: IDENTITY, label: 'Mailbox ID', hint: UUID, negatable },
  bodyFingerprint: { group: IDENTITY, label: 'Text fingerprint', hint: FINGERPRINT, negatable },
  subjectFingerprint: { group: IDENTITY, label: 'Subject fingerprint', hint: FINGERPRINT, negatable },
  structureFingerprint: { group: IDENTITY, label: 'HTML fingerprint', hint: FINGERPRINT, negatable },
  urlFingerprint: { group: IDENTITY, label: 'URL fingerprint', hint: FINGERPRINT, negatable },
  imageFingerprint: { group: IDENTITY, label: 'Image fingerprint', hint: FINGERPRINT, negatable },
}

const isKey = (key: string): key is keyof typeof TABLE => Object.hasOwn(TABLE, key)

export const PROPERTIES: readonly Property<FilterKey>[] = Object.keys(TABLE)
  .filter(isKey)
  .map((key) => ({ key, ...TABLE[key] }))
