import { type CsvColumn, csvText } from '../base/index.ts'
import type { Tx } from '../storage/index.ts'
import type { Sort } from './cursor.ts'
import type { HeldFilter } from './filter.ts'
import { allRecipients, type HeldMessage, type HeldRecipient, listHeld } from './queries.ts'

interface Line {
  readonly message: HeldMessage
  readonly recipient: HeldRecipient
}

const COLUMNS: readonly CsvColumn<Line>[] = [
  ['Time received', ({ message }) => message.receivedAt],
  ['Subject', ({ message }) => message.subject],
  ['Sender', ({ message }) => message.sender],
  ['Quarantine reason', ({ recipient }) => recipient.reason],
  ['Release status', ({ recipient }) => recipient.status],
  ['Policy type', ({ recipient }) => recipient.policyType],
  ['Policy name', ({ recipient }) => recipient.policyName],
  ['Expires', ({ recipient }) => recipient.expiresAt],
  ['Recipient', ({ recipient }) => recipient.address],
  ['Status since', ({ recipient }) => recipient.statusAt],
  ['By', ({ recipient }) => recipient.statusBy],
  ['Message ID', ({ message }) => message.internetMessageId],
  ['Network message ID', ({ message }) => message.messageId],
  ['Message size', ({ message }) => message.size],
  ['Mail direction', ({ message }) => message.direction],
]

const MANY_ROWS = 100_000
const PAGE = 1000

/** What the list shows, a line for each recipient, up to 100,000; text that a spreadsheet would calculate is disarmed. */
export async function heldCsv(tx: Tx, filter: HeldFilter, sort: Sort): Promise<string> {
  const lines: Line[] = []
  for (let cursor: string | undefined; ; ) {
    const page = await listHeld(tx, { filter, sort, limit: PAGE, cursor })
    for (const message of page.items) {
      if (lines.length >= MANY_ROWS) break
      const recipients = await allRecipients(tx, message, MANY_ROWS - lines.length)
      for (const recipient of recipients) lines.push({ message, recipient })
    }
    if (page.next === null || lines.length >= MANY_ROWS) return csvText(lines.slice(0, MANY_ROWS), COLUMNS)
    cursor = page.next
  }
}
