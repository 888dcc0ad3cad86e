import type { RoomMigrations } from '../storage/index.ts'

export type * from './events.ts'
export { allowCandidates, type Candidate } from './identities.ts'
export type { NextStep } from './next-steps.ts'
export { reportOpinion } from './opinions.ts'
export type { Past, PastOptions } from './past.ts'
export { listSubmissions, type SubmissionQuery, submissionExists } from './queries.ts'
export { type Report, type ReportDeps, report, type Submission, type SubmissionMade } from './report.ts'
export { register, type SubmissionsDeps } from './routes.ts'
export { ExplanationView, PreviewRow, SubmissionPage, SubmissionRow } from './schemas.ts'
export type * from './tables.ts'
export { classOf, type TeachDeps, teachFromSubmissions, workOnLessons } from './teach.ts'

export const migrations: RoomMigrations = { room: 'submissions', dir: new URL('./migrations/', import.meta.url) }
