export { AuditResult, AuditRow, registerAudit } from './audit.ts'
export { type ContentDeps, registerPreview, registerRaw } from './content.ts'
export type { Check } from './health.ts'
export { API_PATH, createHttp, type HttpDeps } from './server.ts'
