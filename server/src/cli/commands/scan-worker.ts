// The program of the processes in which `recourse scan` reads and judges.
import { serveMail } from '../../mail/pure.ts'
import { prepareJudging } from './scan-judge.ts'

await serveMail(prepareJudging)
