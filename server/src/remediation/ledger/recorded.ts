/** What the JSON columns of actions and plans hold. */

export interface Person {
  readonly id: string | null
  readonly name: string
}

export interface Approval extends Person {
  readonly at: string
  readonly decision: 'approved' | 'rejected' | 'cancelled'
  readonly why: string | null
}

export interface ActionParams {
  readonly select?: Record<string, unknown>
  readonly recipients?: readonly string[]
  readonly items?: readonly string[]
  readonly folderGone?: 'recreate' | 'inbox'
  readonly suspendCause?: boolean
  readonly releaseHeld?: boolean
  readonly senderCopy?: boolean
  /** Because of a verdict that became worse after delivery. */
  readonly zap?: boolean
  readonly onlyUnread?: boolean
  /** Which of two copies stays: of which item in doubt, and the path of its folder. */
  readonly keep?: { readonly item: string; readonly folder: string }
  /** Who has added copies to it since it was proposed. */
  readonly joined?: readonly Person[]
}

/** What a step of a plan without copies did. */
export type About =
  | { readonly as: string; readonly messages: number; readonly submissionIds: readonly string[] }
  | { readonly entryId: string; readonly action: string; readonly kind: string; readonly value: string }

export interface Classification {
  readonly value: 'false-positive'
  readonly by: string
  readonly at: string
  readonly note: string | null
}

/** How the targets of a plan were chosen, frozen when it was submitted. */
export interface Frozen {
  readonly by: 'hand' | 'query' | 'action'
  /** For people: the query's text, or the name of the action. */
  readonly query: string | null
  readonly at: string
  readonly copies: number
  readonly messages: number
}
