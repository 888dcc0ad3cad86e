import type { TopOf } from '../../api/types.ts'

interface About {
  readonly label: string
  /** What its values are called. */
  readonly value: string
}

/** What can be counted; each is a filter of the same name. */
export const TOPS: Readonly<Record<TopOf, About>> = {
  recipient: { label: 'Top targeted users', value: 'Recipient' },
  sender: { label: 'Top senders', value: 'Sender address' },
  senderDomain: { label: 'Top sender domains', value: 'Sender domain' },
  ip: { label: 'Top sender IPs', value: 'Sender IP' },
  url: { label: 'Top URLs', value: 'URL' },
  urlDomain: { label: 'Top URL domains', value: 'URL domain' },
  fileHash: { label: 'Top files', value: 'Attachment SHA256' },
}

export const isTop = (value: unknown): value is TopOf => typeof value === 'string' && Object.hasOwn(TOPS, value)
