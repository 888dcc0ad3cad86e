export { factsOf, type TenantView, tenantView } from './facts.ts'
export { ANALYSES, type Analysis, gather } from './signals/index.ts'
export { convicting, countMatches, type Explanation, explain, notFound } from './today.ts'
export type * from './types.ts'
