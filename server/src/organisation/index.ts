import type { RoomMigrations } from '../storage/index.ts'

export {
  Directory,
  directory,
  type Mailbox,
  mailboxById,
  type OwnPerson,
  ownDomains,
  ownPeople,
  type Resolution,
  resolve,
} from './directory.ts'
export { type MailboxKind, OrganisationDocument } from './document.ts'
export type * from './events.ts'
export { allPolicies, getPolicies, MailPolicies, MailPolicy, setPolicies } from './policies.ts'
export { DEFAULT_POLICY, getPolicy, Policy, policyVersion, setPolicy } from './policy.ts'
export {
  DEFAULT_RETENTION,
  getRetention,
  Retention,
  RetentionSettings,
  retentionWith,
  setRetention,
} from './retention.ts'
export {
  type ClockState,
  confirmClock,
  doubtSays,
  GRACE_MS,
  LONGEST_STEP_MS,
  retentionClock,
  retentionNow,
} from './retention-clock.ts'
export { type OrganisationDeps, register } from './routes.ts'
export { setOrganisation, tenantOfDomain } from './save.ts'
export { type SenderLists, senderListsOfEach, setUserSenders, UserSenders, userSenders } from './senders.ts'
export type * from './tables.ts'
export { readOrganisation } from './validate.ts'

export const migrations: RoomMigrations = { room: 'organisation', dir: new URL('./migrations/', import.meta.url) }
