// The program of the processes that only parse.
import { serveMail } from './serve.ts'

serveMail()
