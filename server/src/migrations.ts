import { migrations as access } from './access/index.ts'
import { migrations as audit } from './audit/index.ts'
import { migrations as detection } from './detection/index.ts'
import { migrations as explorer } from './explorer/index.ts'
import { migrations as intake } from './intake/index.ts'
import { migrations as lists } from './lists/index.ts'
import { migrations as organisation } from './organisation/index.ts'
import { migrations as quarantine } from './quarantine/index.ts'
import { migrations as records } from './records/index.ts'
import { migrations as remediation } from './remediation/index.ts'
import { type RoomMigrations, migrations as storage } from './storage/index.ts'
import { migrations as submissions } from './submissions/index.ts'

/** Every room's migrations, in the order in which they are applied. A room that has tables adds its line here. */
export const ALL_MIGRATIONS: readonly RoomMigrations[] = [
  storage,
  audit,
  access,
  organisation,
  lists,
  records,
  detection,
  quarantine,
  remediation,
  intake,
  submissions,
  explorer,
]
