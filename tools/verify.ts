import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { collectVerdict } from './collect.ts'

const { values } = parseArgs({
  options: { data: { type: 'string' }, api: { type: 'string' }, report: { type: 'string' } },
})
if (values.data === undefined || values.api === undefined) {
  process.stderr.write('usage: npm run verify -- --data DIR --api URL [--report FILE]\n')
  process.exitCode = 2
} else {
  const verdict = await collectVerdict(values.data, values.api.replace(/\/$/, ''))
  const text = `${JSON.stringify(verdict, null, 2)}\n`
  if (values.report !== undefined) writeFileSync(values.report, text)
  process.stdout.write(text)
  process.exitCode = verdict.green ? 0 : 1
}
