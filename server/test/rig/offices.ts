import { afterAll, afterEach, beforeAll } from 'vitest'
import type { TenantId } from '../../src/base/index.ts'
import { Office, people } from './memory-office.ts'
import { type TestStorage, testStorage } from './storage.ts'

export interface Offices extends Pick<TestStorage, 'storage' | 'a' | 'b'> {
  /** A new one, of tenant A unless another is named; closed after the test. */
  office(options?: ConstructorParameters<typeof Office>[3] & { readonly tenant?: TenantId }): Office
}

/** One database with its people for a file of tests. */
export function offices(): Offices {
  let t: TestStorage
  let all: Awaited<ReturnType<typeof people>>
  const open: Office[] = []
  beforeAll(async () => {
    t = await testStorage()
    all = await people(t)
  })
  afterEach(async () => {
    for (const one of open.splice(0)) await one.close()
  })
  afterAll(() => t.close())
  return {
    get storage() {
      return t.storage
    },
    get a() {
      return t.a
    },
    get b() {
      return t.b
    },
    office: ({ tenant = t.a, ...options } = {}) => {
      const made = new Office(t, tenant, all, options)
      open.push(made)
      return made
    },
  }
}
