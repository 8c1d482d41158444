import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeLog } from './log-contract.ts'
import { openSqliteLog } from './sqlite-log.ts'

describeLog('SQLite', () => {
  const folder = mkdtempSync(join(tmpdir(), 'log-'))
  return {
    open: () =>
      openSqliteLog({
        file: join(folder, 'log.sqlite'),
        onFailure: (failure) => {
          throw failure
        },
      }),
    remove: () => rmSync(folder, { recursive: true }),
  }
})
