import { afterAll, beforeAll, describe } from 'vitest'
import { folders } from './folders.ts'
import { Kit, type Subject } from './kit.ts'
import { moving } from './moving.ts'
import { settling } from './settling.ts'
import { storing } from './storing.ts'
import { watching } from './watching.ts'

export * from './kit.ts'

/** The promises of `provider.ts`, as every provider must keep them. Two accounts hold identical data throughout. */
export function describeConformance(subject: Subject): void {
  describe(`mailboxes: ${subject.name}`, () => {
    const kit = new Kit(subject)
    beforeAll(() => kit.start(subject))
    afterAll(() => kit.stop())
    moving(kit)
    folders(kit)
    storing(kit)
    settling(kit)
    watching(kit)
  })
}
