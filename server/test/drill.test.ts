import { afterAll, expect, test } from 'vitest'
import { drill } from './drill/drill.ts'

/** Another size, for a quick look: RECOURSE_TEST_DRILL=600. Twenty messages to a mailbox. */
const COPIES = Number(process.env['RECOURSE_TEST_DRILL'] ?? 2000)

const lines: string[] = []
const say = (line: string) => void lines.push(line)
afterAll(() => console.log(lines.join('\n')))

test.each([
  ['', false],
  [', with a kill -9 in the middle of the take and of the undo', true],
] as const)(
  '2,000 messages in 100 mailboxes convicted by a bad URL rule, undone by one analyst with the command line (lesson #25, lesson #60)%s',
  {
    timeout: 900_000,
  },
  async (_, kills) => {
    const result = await drill({
      copies: COPIES,
      mailboxes: Math.ceil(COPIES / 20),
      users: { clients: 2, everyMs: 250 },
      noticedAt: 0.6,
      kills,
      say,
    })
    const told = [...result.reasons.values()].reduce((a, b) => a + b, 0)
    expect(result.unexplained).toEqual([])
    expect(result.exact + told).toBe(COPIES)
    // Users who act while their message is being moved are the only ones who may find something else than they left.
    expect(told).toBeLessThan(COPIES / 100)
    expect(result.byUsers).toBeGreaterThan(5)
    expect(result.taken).toBeGreaterThan(COPIES / 2)
    expect(result.recurrences).toBe(0)
    expect(result.kills).toBe(kills ? 2 : 0)
  },
)
