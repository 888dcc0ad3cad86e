import type { TenantId } from '../../base/index.ts'
import type { Signal } from '../../judgement/index.ts'
import type { MailContext, ParsedMail } from '../../mail/index.ts'

/** A message that engines are asked about. */
export interface Asked {
  readonly mail: ParsedMail
  readonly raw: Buffer
  readonly context: MailContext
}

/** What they said, and which of those that are wanted said nothing. */
export interface Answered {
  readonly signals: readonly Signal[]
  /** Engines to ask again when they are back. */
  readonly absent: readonly string[]
}

/** Never rejects: an engine that fails is absent. */
export type AskEngines = (tenant: TenantId, asked: Asked) => Promise<Answered>
