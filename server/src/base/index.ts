export * from './crash.ts'
export * from './errors.ts'
export * from './ids.ts'
