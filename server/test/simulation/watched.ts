import type { CopyState, MailboxProvider, MailboxSession } from '../../src/mailboxes/index.ts'
import { ProviderError } from '../../src/mailboxes/index.ts'
import type { Deed, History } from './history.ts'

/** What a copy is called at its source: other processes and a renamed folder know it by this too. */
export const copyName = ({ ref }: Pick<CopyState, 'ref'>): string =>
  `${ref.folderId ?? ref.folder}/${ref.uidValidity}/${ref.uid}`

export interface Watch {
  readonly history: History
  readonly process: string
  /** Messages that the history is about; our own probes are not. */
  knows(id: string): boolean
  /** What lies at these UIDs, without asking in the way that is watched. */
  peek(login: string, folder: string, uids: readonly number[], session: MailboxSession): Promise<readonly CopyState[]>
  /** Passed before and after each call: here a process may die or stand still. */
  gate(name: string): Promise<void>
}

type End = 'ok' | 'fail' | 'info'

/** A provider whose takes and give-backs are written into a history. */
export function watched(inner: MailboxProvider, watch: Watch): MailboxProvider {
  return {
    kind: inner.kind,
    open: async (account, options) => {
      await watch.gate('open')
      return watchedSession(await inner.open(account, options), account.login, watch)
    },
    proveWayBack: async (account) => {
      await watch.gate('prove')
      return inner.proveWayBack(account)
    },
    deliver: async (account, use, bytes) => {
      const id = /^x-recourse-message-id: *(\S+)/im.exec(bytes.toString('latin1'))?.[1] ?? ''
      const to = use === 'junk' ? 'Junk' : 'INBOX'
      await watch.gate('before-deliver')
      const deed: Deed = { f: 'add', mailbox: account.login, id, from: null, to, copy: null }
      const end = watch.history.invoke(watch.process, deed)
      return ended([end], async () => {
        if (!inner.deliver) throw new ProviderError('refused', 'this provider takes no deliveries')
        const ref = await inner.deliver(account, use, bytes)
        await watch.gate('after-deliver')
        return ref
      })
    },
    close: () => inner.close(),
  }
}

/** Nothing happened, or nobody knows. */
const endOf = (error: unknown): End =>
  error instanceof ProviderError && !['unknown', 'unavailable', 'timeout'].includes(error.code) ? 'fail' : 'info'

async function ended<T>(ends: readonly ((type: End) => void)[], work: () => Promise<T>): Promise<T> {
  try {
    const result = await work()
    for (const end of ends) end('ok')
    return result
  } catch (error) {
    for (const end of ends) end(endOf(error))
    throw error
  }
}

function watchedSession(inner: MailboxSession, login: string, watch: Watch): MailboxSession {
  const { history, process } = watch
  const ids = (copies: readonly CopyState[]) =>
    copies.flatMap((c) => (c.networkMessageId !== null && watch.knows(c.networkMessageId) ? [c.networkMessageId] : []))
  const saw = (copies: readonly CopyState[]) => {
    for (const [folder, part] of Map.groupBy(copies, (c) => c.ref.folder)) {
      const read = { type: 'read', mailbox: login, folder, ids: ids(part), copies: part.map(copyName) } as const
      if (read.ids.length > 0) history.add(process, read)
    }
  }
  const deeds = async (folder: string, uids: readonly number[], f: Deed['f'], to: string | null) =>
    (await watch.peek(login, folder, uids, inner)).flatMap((c) => {
      const id = c.networkMessageId
      if (id === null || !watch.knows(id)) return []
      const end = history.invoke(process, { f, mailbox: login, id, from: folder, to, copy: copyName(c) })
      return [{ uid: c.ref.uid, end }]
    })
  const ours: Partial<MailboxSession> = {
    special: async (use) => {
      await watch.gate('special')
      return inner.special(use)
    },
    hold: async (hold, keywords) => {
      await watch.gate('hold')
      return inner.hold(hold, keywords)
    },
    position: async (folder, options) => {
      await watch.gate('position')
      return inner.position(folder, options)
    },
    find: async (query) => {
      await watch.gate('find')
      const found = await inner.find(query)
      saw(found)
      return found
    },
    state: async (folder, uids, options) => {
      await watch.gate('state')
      const found = await inner.state(folder, uids, options)
      // Asked without the ids a server need not tell them; who was read is known all the same.
      saw(
        options?.ids === false
          ? await watch.peek(
              login,
              folder,
              found.map((c) => c.ref.uid),
              inner,
            )
          : found,
      )
      return found
    },
    read: async function* (folder, uids) {
      await watch.gate('read')
      for await (const copy of inner.read(folder, uids)) {
        saw([copy])
        yield copy
      }
    },
    move: async (folder, uids, target, options) => {
      await watch.gate('before-move')
      const all = await deeds(folder, uids, 'move', target)
      try {
        const result = await inner.move(folder, uids, target, options)
        await watch.gate('after-move')
        const marked = new Set(result.marked)
        for (const { uid, end } of all) end(marked.has(uid) ? 'info' : result.moved.has(uid) ? 'ok' : 'fail')
        return result
      } catch (error) {
        for (const { end } of all) end(endOf(error))
        throw error
      }
    },
    settle: async (doubt) => {
      await watch.gate('before-settle')
      const settled = await inner.settle(doubt)
      for (const item of doubt.items) {
        const at = settled.get(item.ref.uid)
        const id = item.networkMessageId
        // Which of both copies is ours nobody says.
        if (!at || id === null || at.at === 'both' || (at.at === 'target' && at.marked)) continue
        const { folder } = item.ref
        history.add(process, {
          type: 'settled',
          mailbox: login,
          id,
          from: folder,
          to: doubt.target.folder,
          copy: copyName(item),
          at: at.at,
        })
      }
      await watch.gate('after-settle')
      return settled
    },
    append: async (folder, copy) => {
      const id = /^x-recourse-message-id: *(\S+)/im.exec(copy.bytes.toString('latin1'))?.[1] ?? ''
      await watch.gate('before-append')
      const known = watch.knows(id)
      const deed: Deed = { f: 'append', mailbox: login, id, from: null, to: folder, copy: null }
      return ended(known ? [history.invoke(process, deed)] : [], async () => {
        const result = await inner.append(folder, copy)
        await watch.gate('after-append')
        return result
      })
    },
    setFlags: async (ref, wanted, seen) => {
      await watch.gate('set-flags')
      return inner.setFlags(ref, wanted, seen)
    },
    destroy: async (folder, uids) => {
      await watch.gate('before-destroy')
      const all = await deeds(folder, uids, 'remove', null)
      return ended(
        all.map((d) => d.end),
        () => inner.destroy(folder, uids),
      )
    },
  }
  // Everything else passes through as it is.
  return new Proxy(inner, {
    get: (target, name) => {
      const found: unknown = Reflect.get(ours, name) ?? Reflect.get(target, name)
      return typeof found === 'function' ? found.bind(target) : found
    },
  })
}
