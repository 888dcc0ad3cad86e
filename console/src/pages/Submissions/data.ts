import type { SubmissionRow } from '../../api/types.ts'
import { usePages } from '../../parts/usePages.ts'

export const useSubmissions = () => usePages<SubmissionRow>(['submissions'], '/submissions')
