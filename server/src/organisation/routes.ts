import Type from 'typebox'
import type { Api } from '../access/index.ts'
import type { Storage } from '../storage/index.ts'
import { directory } from './directory.ts'
import { OrganisationDocument } from './document.ts'
import { getPolicies, MailPolicies, setPolicies } from './policies.ts'
import { getPolicy, Policy, setPolicy } from './policy.ts'
import { getRetention, Retention, setRetention } from './retention.ts'
import { setOrganisation } from './save.ts'
import { setUserSenders, UserSenders, userSenders } from './senders.ts'

export interface OrganisationDeps {
  readonly storage: Pick<Storage, 'tenant' | 'outbox'>
}

/** GET and PUT of /organisation, /policy, /policies and of users' own lists. */
export function register(app: Api, { storage }: OrganisationDeps): void {
  app.get(
    '/organisation',
    { config: { permission: 'settings.read' }, schema: { response: { 200: OrganisationDocument } } },
    (request) => storage.tenant(request.actor.tenant, async (tx) => (await directory(tx)).document()),
  )
  // The room reads the documents itself: its errors name the entry.
  app.put(
    '/organisation',
    {
      config: { permission: 'settings.write' },
      bodyLimit: 256 * 1024 * 1024,
      schema: { body: Type.Unknown(), response: { 200: OrganisationDocument } },
    },
    (request) =>
      storage.tenant(request.actor.tenant, (tx) => setOrganisation(tx, storage.outbox, request.body, request.actor)),
  )
  const mailbox = Type.Object({ address: Type.String({ maxLength: 320 }) })
  app.get(
    '/mailboxes/:address/senders',
    { config: { permission: 'lists.read' }, schema: { params: mailbox, response: { 200: UserSenders } } },
    ({ actor, params }) => storage.tenant(actor.tenant, (tx) => userSenders(tx, params.address)),
  )
  app.put(
    '/mailboxes/:address/senders',
    {
      config: { permission: 'lists.write' },
      schema: { params: mailbox, body: Type.Unknown(), response: { 200: UserSenders } },
    },
    ({ actor, params, body }) => storage.tenant(actor.tenant, (tx) => setUserSenders(tx, params.address, body, actor)),
  )
  app.get(
    '/policies',
    { config: { permission: 'settings.read' }, schema: { response: { 200: MailPolicies } } },
    (request) => storage.tenant(request.actor.tenant, getPolicies),
  )
  app.put(
    '/policies',
    { config: { permission: 'settings.write' }, schema: { body: Type.Unknown(), response: { 200: MailPolicies } } },
    (request) =>
      storage.tenant(request.actor.tenant, (tx) => setPolicies(tx, storage.outbox, request.body, request.actor)),
  )
  app.get(
    '/retention',
    {
      config: { permission: 'settings.read' },
      schema: { summary: 'How long what is kept, in days', response: { 200: Retention } },
    },
    (request) => storage.tenant(request.actor.tenant, getRetention),
  )
  app.put(
    '/retention',
    {
      config: { permission: 'settings.write' },
      schema: {
        summary: 'Change it; what is left out stays as it is',
        body: Type.Unknown(),
        response: { 200: Retention },
      },
    },
    (request) =>
      storage.tenant(request.actor.tenant, (tx) => setRetention(tx, storage.outbox, request.body, request.actor)),
  )
  app.get('/policy', { config: { permission: 'settings.read' }, schema: { response: { 200: Policy } } }, (request) =>
    storage.tenant(request.actor.tenant, getPolicy),
  )
  app.put(
    '/policy',
    { config: { permission: 'settings.write' }, schema: { body: Type.Unknown(), response: { 200: Policy } } },
    (request) =>
      storage.tenant(request.actor.tenant, (tx) => setPolicy(tx, storage.outbox, request.body, request.actor)),
  )
}
