import type { Socket } from 'node:net'
import { messageOf } from '../base/index.ts'
import { Dialogue, type SessionDeps } from './dialogue.ts'
import { plainIp } from './limits.ts'
import { formatReply, reply } from './reply.ts'

/** What a session is doing, for a server that wants to stop. */
export interface Session {
  readonly done: Promise<void>
  busy(): boolean
  /** Says 421 and closes, unless a message is being handled. */
  dismiss(): void
  destroy(): void
}

/** One connection, from greeting to close. */
export function startSession(socket: Socket, deps: SessionDeps): Session {
  let dismissed = false
  const peer = plainIp(socket.remoteAddress ?? '')
  const dialogue = new Dialogue(socket, peer, deps)
  const done = dialogue
    .run(() => dismissed)
    .catch((error) => deps.log.error({ peer, error: messageOf(error) }, 'session failed'))
    .finally(() => socket.destroySoon())
  return {
    done,
    busy: () => dialogue.busy,
    dismiss: () => {
      dismissed = true
      if (dialogue.busy) return
      socket.write(formatReply(reply(421, '4.3.2', 'Server is stopping')))
      socket.destroySoon()
    },
    destroy: () => socket.destroy(),
  }
}
