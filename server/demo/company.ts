/** The made-up company that the demo is about: an architects' practice that runs its own mail. */

export const DOMAIN = 'alderfinch.example'
/** The name under which the company's mail server signs its Authentication-Results. */
export const AUTHSERV = `mx.${DOMAIN}`

export interface Person {
  readonly local: string
  readonly name: string
  readonly role: string
}

export const DIRECTOR: Person = { local: 'ingrid.alder', name: 'Ingrid Alder', role: 'Managing director' }

export const PEOPLE: readonly Person[] = [
  DIRECTOR,
  { local: 'tomas.finch', name: 'Tomas Finch', role: 'Partner' },
  { local: 'amara.osei', name: 'Amara Osei', role: 'Head of finance' },
  { local: 'leon.brandt', name: 'Leon Brandt', role: 'Accounts payable' },
  { local: 'yuki.tanabe', name: 'Yuki Tanabe', role: 'Architect' },
  { local: 'sofia.marchetti', name: 'Sofia Marchetti', role: 'Architect' },
  { local: 'piet.vandam', name: 'Piet van Dam', role: 'Structural engineer' },
  { local: 'nadia.haddad', name: 'Nadia Haddad', role: 'Site manager' },
  { local: 'owen.price', name: 'Owen Price', role: 'Site manager' },
  { local: 'elena.popescu', name: 'Elena Popescu', role: 'People' },
  { local: 'marek.novak', name: 'Marek Novak', role: 'IT' },
  { local: 'grace.kimani', name: 'Grace Kimani', role: 'Front desk' },
]

export const address = (person: Person): string => `${person.local}@${DOMAIN}`

/** The organisation as `recourse org apply` takes it. */
export const ORGANISATION = {
  domains: [DOMAIN],
  mailboxes: [
    ...PEOPLE.map((p) => ({
      address: address(p),
      displayName: p.name,
      kind: 'user' as const,
      protected: p === DIRECTOR || p.local === 'amara.osei',
    })),
    { address: `info@${DOMAIN}`, displayName: 'Alder & Finch', kind: 'shared' as const, protected: false },
    { address: `security@${DOMAIN}`, displayName: 'Security reports', kind: 'secops' as const, protected: false },
  ],
  aliases: [
    { address: `ingrid@${DOMAIN}`, target: address(DIRECTOR) },
    { address: `accounts@${DOMAIN}`, target: `leon.brandt@${DOMAIN}` },
  ],
  groups: [
    {
      address: `design@${DOMAIN}`,
      displayName: 'Design team',
      members: ['yuki.tanabe', 'sofia.marchetti', 'piet.vandam'].map((l) => `${l}@${DOMAIN}`),
    },
    {
      address: `sites@${DOMAIN}`,
      displayName: 'Site managers',
      members: ['nadia.haddad', 'owen.price'].map((l) => `${l}@${DOMAIN}`),
    },
  ],
}
