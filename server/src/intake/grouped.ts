import type { TenantId } from '../base/index.ts'

interface Waiting<T, R> {
  readonly one: T
  readonly done: (result: R) => void
  readonly failed: (error: unknown) => void
}

/** Most that one transaction takes. */
const MOST = 64

/**
 * Gathers what comes while a transaction of the same tenant runs, and lets the next transaction write all of it: at the gateway many
 * messages end at once. Resolves, with a result for each in their order, when what was given is committed. A group that fails is written
 * one by one, so that only what is wrong fails.
 */
export function createGrouped<T, R>(
  write: (tenant: TenantId, all: readonly T[]) => Promise<readonly R[]>,
): (tenant: TenantId, one: T) => Promise<R> {
  const waiting = new Map<TenantId, Waiting<T, R>[]>()

  async function alone(tenant: TenantId, { one, done, failed }: Waiting<T, R>): Promise<void> {
    try {
      for (const result of await write(tenant, [one])) done(result)
    } catch (error) {
      failed(error)
    }
  }

  async function drain(tenant: TenantId, queue: Waiting<T, R>[]): Promise<void> {
    while (queue.length > 0) {
      const group = queue.splice(0, MOST)
      if (group.length === 1) {
        for (const one of group) await alone(tenant, one)
        continue
      }
      try {
        const results = await write(
          tenant,
          group.map((w) => w.one),
        )
        for (const [n, result] of results.entries()) group[n]?.done(result)
      } catch {
        for (const one of group) await alone(tenant, one)
      }
    }
    waiting.delete(tenant)
  }

  return (tenant, one) =>
    new Promise((done, failed) => {
      const queue = waiting.get(tenant)
      if (queue) {
        queue.push({ one, done, failed })
        return
      }
      const mine = [{ one, done, failed }]
      waiting.set(tenant, mine)
      void drain(tenant, mine)
    })
}
