export * from './memory.ts'
export * from './provider.ts'
export { sameFlags, sameInstant, sameState, splitFlags, storableDate, storableFlags } from './state.ts'
