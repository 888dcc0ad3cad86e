import type { ExportColumn } from '../../api/types.ts'

/** Columns of list and file, in their order. */
export const COLUMN_LABELS: Readonly<Record<ExportColumn, string>> = {
  date: 'Date',
  subject: 'Subject',
  recipient: 'Recipient',
  recipientDomain: 'Recipient domain',
  senderAddress: 'Sender address',
  senderName: 'Sender display name',
  senderDomain: 'Sender domain',
  ip: 'Sender IP',
  mailFrom: 'Mail from address',
  mailFromDomain: 'Mail from domain',
  additional: 'Additional actions',
  action: 'Delivery action',
  location: 'Latest location',
  folder: 'Latest folder',
  originalLocation: 'Original location',
  threat: 'Threat type',
  technology: 'Detection technology',
  direction: 'Directionality',
  attachments: 'Attachments',
  urls: 'URLs',
  size: 'Size',
  internetMessageId: 'Internet message ID',
  messageId: 'Network message ID',
}

const isColumn = (id: string): id is ExportColumn => Object.hasOwn(COLUMN_LABELS, id)
export const FILE_COLUMNS: readonly ExportColumn[] = Object.keys(COLUMN_LABELS).filter(isColumn)
