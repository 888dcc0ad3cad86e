import { randomUUID } from 'node:crypto'
import { messageOf } from '../base/index.ts'
import { type CopyState, type MailboxSession, ProviderError, type Restorable, type WayBackProof } from './provider.ts'
import { sameFlags, sameInstant } from './state.ts'

/** Bytes that a careless server or library would change: 8-bit body, a dot line, a `From ` line, trailing blanks. */
function probeMessage(): Restorable {
  const id = randomUUID()
  const lines = [
    'From: Recourse <recourse@localhost>',
    'Subject: Recourse checks that mail can be put back',
    `Message-ID: <${id}@way-back.recourse>`,
    'X-Recourse-Probe: way back',
    'Content-Type: text/plain; charset=iso-8859-1',
    '',
    `gr\xfc\xdfe ${id}`,
    '.',
    'From here on  ',
    '',
  ]
  return {
    bytes: Buffer.from(lines.join('\r\n'), 'latin1'),
    flags: ['\\Answered', '\\Seen'],
    keywords: ['$Forwarded', 'RecourseProbe'],
    internalDate: new Date(Date.UTC(2019, 0, 31, 21, 34, 5)),
  }
}

/**
 * Appends a message of our own to one hold, moves it to another and back, compares bytes and state each time, changes
 * a flag and removes it. The user never sees it. Also asks whether the Inbox may be written.
 */
export async function proveWayBack(open: () => Promise<MailboxSession>): Promise<WayBackProof> {
  const at = new Date()
  const steps: string[] = []
  let session: MailboxSession | undefined
  let holdHidden: boolean | undefined
  try {
    session = await open()
    steps.push('logged in')
    await roundTrip(session, probeMessage(), steps)
    holdHidden = await session.holdHidden()
    steps.push(holdHidden ? 'the holds are out of the user’s reach' : 'the holds are folders that the user can see')
    return { ok: true, at, steps, holdHidden }
  } catch (error) {
    steps.push(`failed: ${messageOf(error)}`)
    return error instanceof ProviderError ? { ok: false, at, steps, failure: error.code } : { ok: false, at, steps }
  } finally {
    await session?.close()
  }
}

async function roundTrip(session: MailboxSession, probe: Restorable, steps: string[]): Promise<void> {
  const inbox = await session.position(await session.special('inbox'), { writable: true })
  if (!inbox) throw new ProviderError('no-folder', 'there is no Inbox')
  steps.push('the Inbox can be written')
  const hold = await session.hold('quarantine', probe.keywords)
  const other = await session.hold('hard-deleted', probe.keywords)
  const { state, lost } = await session.append(hold, probe)
  if (lost.length > 0) throw new ProviderError('refused', `appended, but not exactly: ${lost.join('; ')}`)
  await compare(session, state, probe)
  steps.push(`appended to ${hold}: bytes, flags, keywords and date are the same`)
  const there = await moved(session, state, other)
  await compare(session, there, probe)
  steps.push(`moved to ${other}: the same`)
  const back = await moved(session, there, hold)
  await compare(session, back, probe)
  steps.push(`moved back to ${hold}: the same`)
  const flagged: Restorable = { ...probe, flags: ['\\Flagged', '\\Seen'] }
  await session.setFlags(back.ref, flagged, back)
  await compare(session, back, flagged)
  steps.push('flags can be set')
  await session.destroy(hold, [back.ref.uid])
  if ((await session.state(hold, [back.ref.uid])).length > 0) throw new ProviderError('refused', 'it was not removed')
  steps.push('removed again')
}

async function moved(session: MailboxSession, from: CopyState, target: string): Promise<CopyState> {
  const result = await session.move(from.ref.folder, [from.ref.uid], target)
  const ref = result.moved.get(from.ref.uid)
  const [state] = ref ? await session.state(target, [ref.uid]) : []
  if (!state) throw new ProviderError('refused', `moved to ${target}, but it is not there`)
  if (result.marked?.length) {
    throw new ProviderError('refused', 'this server can only mark a message as deleted, not remove it (no UIDPLUS)')
  }
  return state
}

async function compare(session: MailboxSession, copy: CopyState, probe: Restorable): Promise<void> {
  for await (const found of session.read(copy.ref.folder, [copy.ref.uid])) {
    const wrong: string[] = []
    if (!found.bytes.equals(probe.bytes)) wrong.push('bytes')
    if (!sameFlags(found, probe)) wrong.push(`flags (${[...found.flags, ...found.keywords].join(' ')})`)
    if (!sameInstant(found.internalDate, probe.internalDate)) wrong.push(`date (${found.internalDate.toISOString()})`)
    if (wrong.length === 0) return
    throw new ProviderError('refused', `in ${copy.ref.folder} it came back with other ${wrong.join(', ')}`)
  }
  throw new ProviderError('refused', `in ${copy.ref.folder} it is not to be read`)
}
