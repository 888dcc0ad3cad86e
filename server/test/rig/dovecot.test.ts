import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Dovecot, startDovecot } from './dovecot.ts'
import { RawImap } from './raw-imap.ts'

/** Sends IMAP lines one by one and gives back everything that was answered, tagged lines as `a0 …`, `a1 …`. */
async function imap(port: number, ...lines: string[]): Promise<string> {
  const client = await RawImap.open(port)
  let answer = ''
  for (const [i, line] of lines.entries()) {
    const reply = await client.command(line)
    answer += `${reply.text}a${i} ${reply.tagged}\r\n`
  }
  client.close()
  return answer
}

describe('the test rig: a Dovecot of our own', () => {
  let dovecot: Dovecot
  beforeAll(async () => {
    dovecot = await startDovecot()
  })
  afterAll(async () => dovecot?.stop())

  test('user and service account log in; a wrong password does not', async () => {
    expect(await imap(dovecot.imapPort, 'LOGIN anna@example.org user')).toMatch(/a0 OK/)
    expect(await imap(dovecot.imapPort, 'LOGIN anna@example.org*recourse master')).toMatch(/a0 OK/)
    expect(await imap(dovecot.imapPort, 'LOGIN anna@example.org*recourse wrong')).toMatch(/a0 NO/)
    expect(await imap(dovecot.imapPort, 'LOGIN anna@example.org*other master')).toMatch(/a0 NO/)
  })

  test('the hold: the service account can make it, the user sees nothing and may do nothing', async () => {
    const made = await imap(
      dovecot.imapPort,
      'LOGIN anna@example.org*recourse master',
      'CREATE Recourse-Hold/quarantine',
      'SELECT Recourse-Hold/quarantine',
    )
    expect(made).toMatch(/a1 OK/)
    expect(made).toMatch(/a2 OK \[READ-WRITE\]/)
    const user = await imap(
      dovecot.imapPort,
      'LOGIN anna@example.org user',
      'SELECT Recourse-Hold/quarantine',
      'STATUS Recourse-Hold/quarantine (MESSAGES)',
      'CREATE Recourse-Hold/mine',
      'DELETE Recourse-Hold/quarantine',
      'LIST "" *',
      'LIST "" Recourse-Hold/*',
    )
    for (const n of [1, 2, 3, 4]) expect(user).toMatch(new RegExp(`a${n} NO`))
    expect(user).not.toMatch(/\* LIST .*Recourse/)
  })

  test('stops, starts again on its ports, is killed and starts again', async () => {
    await dovecot.restart()
    expect(await imap(dovecot.imapPort, 'LOGIN anna@example.org user')).toMatch(/a0 OK/)
    dovecot.kill()
    await dovecot.start()
    expect(await imap(dovecot.imapPort, 'LOGIN anna@example.org user')).toMatch(/a0 OK/)
  })
})

test('listed users, quota, trimmed capabilities and TLS', async () => {
  const dovecot = await startDovecot({
    users: ['anna@example.org'],
    quota: { messages: 20 },
    capability: 'IMAP4rev1 LITERAL+ IDLE',
    tls: true,
    hold: false,
    reuse: false,
  })
  try {
    expect(dovecot.imapsPort).toBeGreaterThan(0)
    const anna = await imap(dovecot.imapPort, 'LOGIN anna@example.org user', 'CAPABILITY')
    expect(anna).toMatch(/a0 OK \[CAPABILITY IMAP4rev1 LITERAL\+ IDLE\]/)
    expect(await imap(dovecot.imapPort, 'LOGIN bert@example.org user')).toMatch(/a0 NO/)
    expect(await imap(dovecot.imapPort, 'LOGIN anna@example.org user', 'GETQUOTAROOT INBOX')).toMatch(/MESSAGE|a1/)
  } finally {
    await dovecot.stop()
  }
})
