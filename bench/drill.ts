// The drill: a bad URL rule takes 100,000 delivered messages from 5,000 mailboxes; one analyst undoes it with nothing but the command line.
import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { drill } from '../server/test/drill/drill.ts'

const copies = Number(process.argv[2] ?? 100_000)
const mailboxes = Number(process.argv[3] ?? Math.ceil(copies / 20))
const kills = process.argv.includes('--kill')
const report = join(tmpdir(), 'recourse-drill-report.jsonl')
rmSync(report, { force: true })

const result = await drill({
  copies,
  mailboxes,
  users: { clients: 4, everyMs: 100 },
  noticedAt: 0.8,
  kills,
  report,
  say: (line) => console.log(line),
})
console.log(
  `${result.taken} taken, ${result.exact} exact, ${[...result.reasons.values()].reduce((a, b) => a + b, 0)} with a reason, ` +
    `${result.unexplained.length} unexplained, ${result.recurrences} recurrences, ${result.kills} kills; each that is not exact: ${report}`,
)
if (result.unexplained.length > 0 || result.recurrences > 0) process.exitCode = 1
