import type { QuarantineRow } from '../../api/types.ts'
import { usePages } from '../../parts/usePages.ts'

export type Show = 'held' | 'released' | 'all'

export const useQuarantine = (status: Show) =>
  usePages<QuarantineRow>(['quarantine'], '/quarantine', {
    status: status === 'held' ? ['needs-review', 'denied'] : status === 'released' ? status : undefined,
  })
