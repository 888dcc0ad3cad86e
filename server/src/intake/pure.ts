export { createJudge, type Judge, type Judged } from './judge.ts'
export { readMbox } from './sources/mbox.ts'
export { MAX_MESSAGE, type SourceItem, type SourceMail, type SourceProblem } from './sources/types.ts'
