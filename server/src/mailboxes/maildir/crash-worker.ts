import { setTimeout as sleep } from 'node:timers/promises'
import { createMaildirProvider } from './provider.ts'

// A process of the crash tests: `hold` serves the tree until it is killed; `work` passes every named point once.
const [root = '', what = ''] = process.argv.slice(2)
const login = 'anna@example.org'
const provider = createMaildirProvider({ root })
const session = await provider.open({ login })
if (what === 'hold') {
  process.stdout.write('serving\n')
  await sleep(600_000)
}
const whole = Buffer.from(`Subject: new\r\n\r\n${'x'.repeat(20_000)} whole\r\n`)
const hold = await session.hold('quarantine', [])
await session.move(
  'INBOX',
  Array.from({ length: 12 }, (_, i) => i + 1),
  hold,
)
if (process.env['RECOURSE_CRASH_AT'] === 'mailboxes.maildir.after-deliver') {
  await provider.deliver({ login }, 'inbox', whole)
}
const copy = { bytes: whole, flags: [], keywords: ['Fresh'], internalDate: new Date(0) }
const { state } = await session.append('INBOX', copy)
await session.destroy('INBOX', [state.ref.uid])
await provider.close()
