import fc from 'fast-check'
import { expect, test } from 'vitest'
import { JoinedBytes } from './blob.ts'

const bytes = fc.uint8Array({ maxLength: 50 })
/** Also bytes that are a window on a larger buffer, as the parser's lines are. */
const window = bytes.map((b) =>
  Buffer.concat([Buffer.from('before'), b, Buffer.from('after')]).subarray(6, 6 + b.length),
)
const part = fc.oneof(
  bytes,
  window,
  bytes.map((b) => b.slice().buffer),
  fc.string({ unit: 'grapheme' }),
  fc.constant('\n'),
)

test('decoded lines put together are the bytes that a Blob of them has', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 20 }), async (parts) => {
      const ours = await new JoinedBytes(parts).arrayBuffer()
      expect(Buffer.from(ours)).toEqual(Buffer.from(await new Blob(parts).arrayBuffer()))
    }),
  )
})
