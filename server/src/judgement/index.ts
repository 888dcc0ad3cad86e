export * from './pure.ts'
export { storedJudgement } from './stored.ts'
