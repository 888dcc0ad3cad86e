import type { ReactNode } from 'react'
import type { ActionState, DeliveryAction, ItemState, Location, Threat } from '../api/types.ts'
import { ACTION_STATE, DELIVERY, ITEM_STATE, LOCATION, THREAT, wordFor } from '../words.ts'

type Tone = 'good' | 'bad' | 'warn' | 'info' | 'plain'

export function Status({ tone, children }: { tone: Tone; children: ReactNode }) {
  return <span className={`status ${tone}`}>{children}</span>
}

const THREAT_TONE: Partial<Record<Threat, Tone>> = {
  malware: 'bad',
  'high-confidence-phish': 'bad',
  phish: 'bad',
  impersonation: 'bad',
  spoof: 'bad',
  'high-confidence-spam': 'warn',
  spam: 'warn',
  bulk: 'warn',
  none: 'good',
}
export const ThreatStatus = ({ threat }: { threat: Threat }) => (
  <Status tone={THREAT_TONE[threat] ?? 'plain'}>{wordFor(THREAT, threat)}</Status>
)

const DELIVERY_TONE: Record<DeliveryAction, Tone> = {
  delivered: 'good',
  junked: 'warn',
  blocked: 'bad',
  pending: 'info',
}
export const DeliveryStatus = ({ action }: { action: DeliveryAction }) => (
  <Status tone={DELIVERY_TONE[action] ?? 'plain'}>{wordFor(DELIVERY, action)}</Status>
)

const STATE_TONE: Record<ActionState, Tone> = {
  'pending-approval': 'warn',
  queued: 'info',
  running: 'info',
  completed: 'good',
  'partially-completed': 'warn',
  failed: 'bad',
  rejected: 'plain',
  expired: 'plain',
  undone: 'plain',
  'partially-undone': 'warn',
}
export const ActionStatus = ({ state }: { state: ActionState | (string & {}) }) => (
  <Status tone={toneOf(STATE_TONE, state)}>{wordFor(ACTION_STATE, state)}</Status>
)

const ITEM_TONE: Record<ItemState, Tone> = {
  planned: 'plain',
  approved: 'plain',
  executing: 'info',
  done: 'good',
  'already-there': 'good',
  'not-found': 'warn',
  skipped: 'warn',
  ambiguous: 'warn',
  failed: 'bad',
}
export const ItemStatus = ({ state }: { state: ItemState }) => (
  <Status tone={ITEM_TONE[state] ?? 'plain'}>{wordFor(ITEM_STATE, state)}</Status>
)

/** Where a copy is; a folder of the user's own is named. */
export function placeName(location: Location, folder: string | null): string {
  return location === 'folder' && folder ? folder : wordFor(LOCATION, location)
}

const toneOf = (tones: Readonly<Record<string, Tone>>, value: string): Tone => tones[value] ?? 'plain'
