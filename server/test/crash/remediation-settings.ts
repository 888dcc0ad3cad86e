import type { ActionId, TenantId } from '../../src/base/index.ts'

export interface RemediationSettings {
  readonly url: string
  readonly blobs: { readonly dir: string; readonly keyFile: string }
  readonly imapPort: number
  readonly tenant: TenantId
  readonly action: ActionId
  readonly batch: number
  /** Default 1.5 s, so that a successor need not be waited for. */
  readonly lease?: { readonly leaseMs: number; readonly deadlineMs: number }
  /** File for the history of every take and give-back, and the name of this process in it. */
  readonly history?: { readonly file: string; readonly process: string }
}

/** What the test gave to its child. */
export const readSettings = (): RemediationSettings => JSON.parse(process.env['RECOURSE_REMEDIATION'] ?? '{}')
