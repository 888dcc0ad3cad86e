import type { RoomMigrations } from '../storage/index.ts'

export type * from './events.ts'
export { allowCandidates, type Candidate } from './identities.ts'
export { type NextStep, nextSteps } from './next-steps.ts'
export { reportOpinion } from './opinions.ts'
export { type Past, type PastOptions, tryOnPast } from './past.ts'
export { listSubmissions, type SubmissionQuery, submissionExists } from './queries.ts'
export { type Report, type ReportDeps, report, type Submission, type SubmissionMade } from './report.ts'
export { register, type SubmissionsDeps, submissionRow } from './routes.ts'
export {
  EntryPreview as EntryPreviewView,
  ExplanationView,
  PreviewRow,
  ReportBody,
  SubmissionMade as SubmissionMadeView,
  SubmissionPage,
  SubmissionRow,
} from './schemas.ts'
export type * from './tables.ts'
export { classOf, type TeachDeps, teachFromSubmissions, teachSubmission, workOnLessons } from './teach.ts'

export const migrations: RoomMigrations = { room: 'submissions', dir: new URL('./migrations/', import.meta.url) }
