import type { ServerResponse } from 'node:http'
import type { Actor, Api } from '../access/index.ts'
import { type ActionId, AppError, type TenantId } from '../base/index.ts'
import { getAction } from '../remediation/index.ts'
import type { DomainEvent, Storage } from '../storage/index.ts'

const HEARTBEAT_MS = 15_000
/** An action over thousands of copies reports often: its counts are read at most this often. */
const GATHER_MS = 250
const MAX_STREAMS = 500
/** Of one person or token: nobody takes the room of all. */
const MAX_EACH = 50
/** A stream is ended after this; the page comes back by itself, and who may not listen any more is refused then. */
const LIFE_MS = 5 * 60_000

interface Stream {
  readonly actor: Actor
  readonly out: ServerResponse
}

/** Live events to whoever has the page open: best effort; pages ask anew when they reconnect. */
export class LiveEvents {
  readonly #storage: Storage
  readonly #streams = new Set<Stream>()
  readonly #waiting = new Map<string, TenantId>()
  readonly #stop: () => void
  readonly #beat: NodeJS.Timeout
  #gather: NodeJS.Timeout | undefined

  constructor(storage: Storage) {
    this.#storage = storage
    this.#stop = storage.outbox.listen((event) => this.#take(event))
    this.#beat = setInterval(() => this.#all(': still here\n\n'), HEARTBEAT_MS)
    this.#beat.unref()
  }

  get open(): number {
    return this.#streams.size
  }

  /** Asked while the answer can still be a refusal. Throws AppError `too-many`. */
  checkRoom({ tenant, user }: Actor): void {
    const own = [...this.#streams].filter(({ actor }) => actor.tenant === tenant && actor.user === user).length
    if (own >= MAX_EACH || this.#streams.size >= MAX_STREAMS)
      throw new AppError(
        'too-many',
        'Too many pages are listening for live events.',
        'Close some; pages ask by themselves meanwhile.',
        { status: 503 },
      )
  }

  add(actor: Actor, out: ServerResponse): void {
    // Gone while it was being let in: it would never be heard of again.
    if (out.destroyed) return
    const stream = { actor, out }
    this.#streams.add(stream)
    const end = setTimeout(() => out.end(), LIFE_MS).unref()
    out.on('close', () => {
      clearTimeout(end)
      this.#streams.delete(stream)
    })
    out.write('retry: 3000\n\n')
  }

  close(): void {
    this.#stop()
    clearInterval(this.#beat)
    clearTimeout(this.#gather)
    for (const { out } of this.#streams) out.end()
    this.#streams.clear()
  }

  #take(event: DomainEvent & { tenant: TenantId }): void {
    if (event.kind === 'action.changed' || event.kind === 'action.expiring' || event.kind === 'action.touched') {
      this.#waiting.set(event.data.actionId, event.tenant)
      this.#gather ??= setTimeout(() => void this.#sendActions(), GATHER_MS)
      return
    }
    for (const told of tell(event)) this.#send(event.tenant, told.event, told.data)
  }

  async #sendActions(): Promise<void> {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    this.#gather = undefined
    for (const [id, tenant] of waiting) {
      if (![...this.#streams].some((s) => s.actor.tenant === tenant)) continue
      const action = await this.#storage.tenant(tenant, (tx) => getAction(tx, tenant, id as ActionId)).catch(() => null)
      if (action) this.#send(tenant, 'action', { actionId: id, state: action.state, counts: action.counts })
    }
  }

  #send(tenant: TenantId, event: string, data: object): void {
    const text = `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`
    for (const { actor, out } of this.#streams) if (actor.tenant === tenant) this.#write(out, text)
  }

  #all(text: string): void {
    for (const { out } of this.#streams) this.#write(out, text)
  }

  /** A reader that does not read is let go rather than kept in memory. */
  #write(out: ServerResponse, text: string): void {
    if (out.writableLength > 1024 * 1024) out.destroy()
    else out.write(text)
  }
}

function tell(event: DomainEvent): readonly { readonly event: string; readonly data: object }[] {
  switch (event.kind) {
    case 'message.received':
      return [{ event: 'message', data: { messageId: event.data.messageId, kind: 'received' } }]
    case 'message.changed':
      return [{ event: 'message', data: { messageId: event.data.messageId, kind: event.data.kind } }]
    case 'messages.changed': {
      const { messageIds, kind } = event.data
      return messageIds.map((messageId) => ({ event: 'message', data: { messageId, kind } }))
    }
    case 'entry.saved':
    case 'entry.removed':
      return [{ event: 'entry', data: { entryId: event.data.entryId, kind: event.kind } }]
    case 'source.braked':
    case 'signal.suspended':
    case 'signal.resumed':
      return [{ event: 'signal', data: { kind: event.kind } }]
    case 'organisation.changed':
    case 'policy.changed':
    case 'policies.changed':
    case 'retention.changed':
      return [{ event: 'settings', data: { kind: event.kind, version: event.data.version } }]
    default:
      return []
  }
}

export function registerEvents(api: Api, live: LiveEvents): void {
  api.get('/events', { config: { permission: 'mail.read' } }, (request, reply) => {
    const { actor } = request
    live.checkRoom(actor)
    reply.hijack()
    reply.raw.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
    })
    live.add(actor, reply.raw)
  })
}
