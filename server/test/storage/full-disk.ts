// Runs in its own mount namespace: fills a small tmpfs with blobs, says what happened, makes room and goes on.
import { execFileSync } from 'node:child_process'
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { AppError, type TenantId } from '../../src/base/index.ts'
import { connect } from '../../src/storage/index.ts'

const [url = '', dir = '', keyFile = '', tenant = ''] = process.argv.slice(2)
execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', dir])
const storage = await connect({ url, blobs: { dir, keyFile } })
const id = tenant as TenantId
const put = (n: number) => storage.blobs.put(id, Buffer.alloc(40_000, `${n} `))
const stored = []
let error: unknown
for (let n = 0; n < 100 && !error; n++) {
  try {
    stored.push(await put(n))
  } catch (cause) {
    error = cause
  }
}
const whole = await Promise.all(stored.map((ref) => storage.blobs.get(id, ref.key).then((bytes) => bytes.length)))
const left = readdirSync(join(dir, 'tmp'))
const first = stored[0]
if (first) rmSync(join(dir, tenant, first.key.slice(0, 2), first.key))
const after = await put(1000).then(
  () => 'stored',
  (cause: unknown) => String(cause),
)
console.log(
  JSON.stringify({
    stored: stored.length,
    whole: whole.every((size) => size === 40_000),
    left,
    after,
    ...(error instanceof AppError ? { code: error.code, message: error.message, cure: error.cure } : {}),
  }),
)
await storage.close()
