import { AppError, type Clock, type MessageId, systemClock, type TenantId } from '../base/index.ts'
import { rawHeaderValues, readHeaders } from '../mail/index.ts'
import type { SystemFlag } from '../mailboxes/index.ts'
import { parseAddress } from '../transport/index.ts'
import { importKey } from './attempt.ts'
import type { Intake } from './intake.ts'
import { receivedAtOf } from './sources/dates.ts'
import type { Directory, Incoming } from './types.ts'

export interface ImportRequest {
  readonly raw: Buffer
  /** Absent or empty: those of our own whom its headers name. */
  readonly recipients?: readonly string[]
  readonly mailFrom?: string | null
  /** Absent: by its topmost Received header, its Date, else now. */
  readonly receivedAt?: Date | null
  readonly flags?: readonly SystemFlag[]
  readonly folder?: string | null
}

export interface Imported {
  readonly messageId: MessageId
  /** The same mail was imported before; nothing was doubled. */
  readonly duplicate: boolean
}

export interface ImportDeps {
  readonly intake: Intake
  readonly directory: Directory
  readonly clock?: Clock
}

const MAX_RECIPIENTS = 1000

/**
 * Takes one message in as if it had come by the gateway, into the mailboxes of one tenant, with its own date and flags.
 * The same mail for the same recipient again changes nothing. Throws AppErrors: `import-empty`, `import-sender`,
 * `import-recipient`, `import-folder`, `import-refused` (with the reason), `import-later` (try again).
 */
export async function importMessage(deps: ImportDeps, tenant: TenantId, request: ImportRequest): Promise<Imported> {
  const { raw } = request
  if (raw.length === 0) throw new AppError('import-empty', 'There is no message', 'Send the raw message as the body.')
  const { mailFrom } = request
  if (mailFrom && parseAddress(mailFrom) === null)
    throw new AppError('import-sender', 'The sender of the envelope is no address.', 'Name an address, or none.', {
      status: 422,
    })
  const { recipients, unknown } = await recipientsOf(deps.directory, tenant, request)
  if (recipients.length === 0) {
    const asked = unknown.length === 0 ? 'its headers name none' : `not ours: ${unknown.slice(0, 5).join(', ')}`
    const cure = 'Name a recipient who is a mailbox, alias or group of the organisation.'
    throw new AppError('import-recipient', `The message has no recipient here (${asked})`, cure, { status: 422 })
  }
  const now = (deps.clock ?? systemClock).now()
  const { replies, ...imported } = await deps.intake.take(
    tenant,
    {
      source: 'import',
      protocol: 'lmtp',
      mailFrom: request.mailFrom ?? null,
      client: { ip: null, name: null, helo: null },
      receivedAt: request.receivedAt ?? receivedAtOf(raw) ?? now,
      smtpUtf8: false,
      attemptKey: importKey,
      recipients,
      flags: request.flags ?? [],
      folder: request.folder ?? null,
    },
    raw,
  )
  const later = replies.find((r) => r.code >= 400 && r.code < 500)
  if (later)
    throw new AppError('import-later', `Not in its mailbox yet: ${later.text}`, 'Import it again later.', {
      status: 503,
    })
  const refused = replies.every((r) => r.code >= 500) ? replies[0] : undefined
  if (refused)
    throw new AppError('import-refused', `The mail store refused it: ${refused.text}`, 'See the message’s timeline.', {
      status: 422,
    })
  return imported
}

async function recipientsOf(directory: Directory, tenant: TenantId, request: ImportRequest) {
  const named = request.recipients ?? []
  const asked = (named.length > 0 ? named : addressesIn(request.raw)).slice(0, MAX_RECIPIENTS)
  const recipients: Incoming['recipients'][number][] = []
  const unknown: string[] = []
  for (const text of new Set(asked)) {
    const address = parseAddress(text.trim())
    const found = address === null ? null : await directory.resolve(address)
    // Another tenant's address is as unknown as a stranger's.
    if (address !== null && found?.kind === 'known' && found.tenant === tenant && found.targets.length > 0) {
      recipients.push({ address, targets: found.targets, external: found.external })
    } else unknown.push(text)
  }
  if (named.length > 0 && unknown.length > 0) {
    const cure = 'Name only mailboxes, aliases and groups of the organisation.'
    throw new AppError(
      'import-recipient',
      `Not an address of the organisation: ${unknown.slice(0, 5).join(', ')}`,
      cure,
      { status: 422 },
    )
  }
  return { recipients, unknown }
}

/** Where a mailbox's own server wrote whom it was delivered to; else who is addressed. */
function addressesIn(raw: Buffer): string[] {
  const headers = readHeaders(raw, 256 * 1024)
  const values = (names: readonly string[]) => names.flatMap((n) => rawHeaderValues(raw, headers, n))
  const delivered = values(['delivered-to', 'x-original-to', 'envelope-to', 'x-envelope-to'])
  const text = (delivered.length > 0 ? delivered : values(['to', 'cc', 'bcc'])).join(', ').slice(0, 256 * 1024)
  // Not one expression for all of it: on a long word without @ that takes the square of its length.
  return text.split(/[\s<>,;:"()[\]]+/).filter((part) => /^[^@]+@[^@]+$/.test(part))
}
