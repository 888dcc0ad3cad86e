import type { SubmissionRow } from '../../api/types.ts'
import { usePages } from '../../parts/usePages.ts'
import type { SubmissionSearch } from './search.ts'

export const useSubmissions = (search: SubmissionSearch) =>
  usePages<SubmissionRow>(['submissions'], '/submissions', { ...search })
