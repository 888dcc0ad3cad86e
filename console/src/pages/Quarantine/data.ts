import type { QuarantineRow } from '../../api/types.ts'
import { usePages } from '../../parts/usePages.ts'

export const useQuarantine = () => usePages<QuarantineRow>(['quarantine'], '/quarantine')
