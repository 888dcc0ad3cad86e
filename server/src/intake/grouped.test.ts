import { describe, expect, test } from 'vitest'
import type { TenantId } from '../base/index.ts'
import { createGrouped } from './grouped.ts'

const a = 'a' as TenantId
const b = 'b' as TenantId

describe('grouped', () => {
  test('what comes while one is written goes together, tenants apart, each with its own result', async () => {
    const groups: string[] = []
    const write = createGrouped<number, number>(async (tenant, all) => {
      await new Promise((done) => setTimeout(done, 5))
      groups.push(`${tenant} ${all.join(',')}`)
      return all.map((n) => n * 10)
    })
    const results = await Promise.all([write(a, 1), write(a, 2), write(b, 3), write(a, 4)])
    expect(results).toEqual([10, 20, 30, 40])
    expect(groups.sort()).toEqual(['a 1', 'a 2,4', 'b 3'])
    expect(await write(a, 5)).toBe(50)
  })

  test('of a group that fails only what is wrong fails', async () => {
    const write = createGrouped<number, number>(async (_, all) => {
      await new Promise((done) => setTimeout(done, 1))
      if (all.includes(3)) throw new Error('three')
      return [...all]
    })
    const ended = await Promise.allSettled([1, 2, 3, 4].map((n) => write(a, n)))
    expect(ended.map((e) => (e.status === 'fulfilled' ? e.value : 'failed'))).toEqual([1, 2, 'failed', 4])
    expect(await write(a, 7)).toBe(7)
  })
})
