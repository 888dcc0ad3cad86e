import { createMemoryProvider, type MemoryCall, type MemoryProvider, ProviderError } from '../../src/mailboxes/index.ts'
import type { Mailbox } from '../../src/organisation/index.ts'
import { asDelivered, type Letter, letter } from '../rig/office.ts'
import { faultOf, faultOfMove } from './faults.ts'
import type { History } from './history.ts'
import { CALLS, type Step } from './steps.ts'
import { FLAGS, flagsOf, NAMES, SimUser } from './user.ts'
import { copyName } from './watched.ts'

const DATES = ['2019-02-01T03:04:05Z', '2024-02-29T23:59:59Z', '1999-12-31T12:00:00Z']
export const HOLDS = ['quarantine', 'soft-deleted', 'hard-deleted'].map((h) => `Recourse-Hold/${h}`)

/** A copy as it lies somewhere, in what the model compares. */
export interface Found {
  readonly id: string
  readonly folder: string
  readonly sha256: string
  readonly date: string
  readonly flags: string
}

/** The mail server of a universe with the people whose mailboxes it has, and what happens to it from outside. */
export class MailServer {
  readonly provider: MemoryProvider = createMemoryProvider()
  readonly users: readonly SimUser[]
  readonly #history: History
  /** Messages that the universe is about. */
  readonly #ids: ReadonlySet<string>
  readonly #foreign: string

  constructor(mailboxes: readonly Mailbox[], history: History, ids: ReadonlySet<string>) {
    this.#history = history
    this.#ids = ids
    const { provider } = this
    this.users = mailboxes
      .toSorted((a, b) => (a.address < b.address ? -1 : 1))
      .map((m) => {
        const see = {
          user: () => provider.user(m.login),
          knows: (id: string) => ids.has(id),
          all: () => this.found(m.login),
        }
        return new SimUser(m.login, see, history)
      })
    for (const u of this.users) provider.user(u.login).createFolder('Mine')
    // Somebody else's mailbox on the same server, with the same kind of mail.
    provider.user('ann@elsewhere.example').append('INBOX', letter('Hello').sent.bytes, { flags: ['\\Seen'] })
    this.#foreign = this.#elsewhere()
  }

  #elsewhere(): string {
    return JSON.stringify(this.provider.user('ann@elsewhere.example').snapshot())
  }

  get foreignChanged(): boolean {
    return this.#elsewhere() !== this.#foreign
  }

  userOf(who: number): SimUser {
    const user = this.users[who % this.users.length]
    if (!user) throw new Error('nobody lives here')
    return user
  }

  /** Every copy of a mailbox, the holds too. */
  found(login: string): readonly Found[] {
    const user = this.provider.user(login)
    return [...user.folders().filter((f) => !HOLDS.includes(f)), ...HOLDS].flatMap((folder) =>
      user.list(folder).flatMap((c) => {
        const id = c.networkMessageId
        if (id === null || !this.#ids.has(id)) return []
        const { sha256 } = user.snapshotOf(folder, c.ref.uid)
        return [{ id, folder, sha256, date: c.internalDate.toISOString(), flags: flagsOf(c) }]
      }),
    )
  }

  /** A copy in somebody's mailbox; none where it is full. */
  arrive(s: Extract<Step, { do: 'deliver' }>, mail: Letter, mailbox: Mailbox) {
    const user = this.provider.user(mailbox.login)
    const own = user.folders().filter((f) => NAMES.includes(f))
    const folder = s.folder % 3 === 0 ? (own[s.folder % Math.max(own.length, 1)] ?? 'INBOX') : 'INBOX'
    const state = { flags: FLAGS[s.flags % FLAGS.length] ?? [], date: new Date(DATES[s.flags % DATES.length] ?? 0) }
    let uid: number
    try {
      uid = user.append(folder, asDelivered(mail.sent, mailbox.address), state)
    } catch (error) {
      if (error instanceof ProviderError && error.code === 'quota') return []
      throw error
    }
    const deed = { f: 'add', mailbox: mailbox.login, id: mail.id, from: null, to: folder, copy: null } as const
    this.#history.at('transport', deed)
    const one = this.found(mailbox.login).find((c) => c.id === mail.id)
    if (one) this.users.find((u) => u.login === mailbox.login)?.received(one)
    const ref = user.list(folder).find((c) => c.ref.uid === uid)?.ref ?? null
    return [{ mailbox, ref: s.known ? ref : null, ...(folder === 'INBOX' ? {} : { folder }) }]
  }

  fault(s: Extract<Step, { do: 'fault' }>): void {
    const one = faultOf(s.which)
    if (one) this.provider.failOnce(one.call, one.fault)
  }

  /** What is moved next in somebody's mailbox comes late, and what is read there after it fails. */
  stuck(who: number, given: () => void): void {
    const { login } = this.userOf(who)
    const after = () => {
      this.provider.failOnce('read', { error: 'unavailable', inEarnest: true, before: given }, login)
    }
    this.provider.failOnce('move', { late: 200, stuck: true, after, inEarnest: true }, login)
  }

  /** A user acts in the midst of a call on his own mailbox. */
  meanwhile(s: Extract<Step, { do: 'meanwhile' }>): void {
    const call = CALLS[s.call % CALLS.length] ?? 'move'
    const fault = s.fault === null || call !== 'move' ? {} : faultOfMove(s.fault)
    const user = this.userOf(s.act.who)
    this.provider.failOnce(
      call,
      { ...fault, [s.when]: (during: MemoryCall) => user.act(s.act, during), inEarnest: true },
      user.login,
    )
  }

  outside(s: Extract<Step, { do: 'server' }>): void {
    const owner = this.userOf(s.who)
    const user = this.provider.user(owner.login)
    const folders = user.folders()
    const folder = folders[s.folder % folders.length] ?? 'INBOX'
    switch (s.how) {
      case 'quota':
        user.setQuota(this.found(owner.login).length)
        break
      case 'gone':
        user.setGone(true)
        break
      case 'read-only':
        user.setReadOnly(folder, true)
        break
      case 'renumber':
        user.renumber(folder)
        break
      case 'lose-hold':
        this.#loseHold(owner, HOLDS[s.folder % HOLDS.length] ?? '')
        break
      case 'back':
        this.back()
    }
  }

  /** What lies in a hold is gone; what was moved there without an answer, too. */
  #loseHold(owner: SimUser, hold: string): void {
    const user = this.provider.user(owner.login)
    for (const copy of user.list(hold)) {
      const id = copy.networkMessageId
      if (id === null || !this.#ids.has(id) || !owner.lose(id, flagsOf(copy))) continue
      const deed = { f: 'remove', mailbox: owner.login, id, from: hold, to: null, copy: copyName(copy) } as const
      this.#history.at('outside', deed)
      user.expunge(hold, copy.ref.uid)
    }
  }

  /** All that was taken from it works again. */
  back(): void {
    for (const { login } of this.users) {
      const user = this.provider.user(login)
      user.setGone(false)
      user.setQuota(null)
      for (const folder of user.folders()) user.setReadOnly(folder, false)
      user.finishPending()
    }
  }
}
