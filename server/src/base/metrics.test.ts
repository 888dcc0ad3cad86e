import { expect, test } from 'vitest'
import { createMetrics, testClock } from './index.ts'

test('asking twice for a metric gives the same one; two servers do not share', async () => {
  const one = createMetrics()
  one.counter('mails_total', 'Mails.', ['how']).inc({ how: 'lmtp' })
  one.counter('mails_total', 'Mails.', ['how']).inc({ how: 'lmtp' })
  createMetrics().counter('mails_total', 'Mails.', ['how'])
  expect(await one.registry.metrics()).toContain('mails_total{how="lmtp"} 2')
})

test('a test clock stands still until it is moved', () => {
  const clock = testClock(new Date(1000))
  expect(clock.now().getTime()).toBe(1000)
  clock.advance(500)
  expect(clock.now().getTime()).toBe(1500)
})
