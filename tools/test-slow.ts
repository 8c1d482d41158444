import { spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** `npm run test:slow`: says which outside tools are there, then runs the slow tests; a missing tool is a failure. */
const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
/** Debian's package of each tool. */
const PACKAGES = {
  socat: 'socat',
  chromium: 'chromium',
  strace: 'strace',
  mosquitto: 'mosquitto',
  xz: 'xz-utils',
  prometheus: 'prometheus',
  promtool: 'prometheus',
  ps: 'procps',
  influxd: 'influxdb',
  'victoria-metrics': 'victoria-metrics',
}
const EXTRA_FOLDERS = ['/usr/sbin', '/sbin']

const findTool = (tool: string): string | undefined =>
  [...(process.env['PATH'] ?? '').split(delimiter), ...EXTRA_FOLDERS]
    .map((folder) => join(folder, tool))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK)
        return true
      } catch {
        return false
      }
    })

const missing: string[] = []
for (const [tool, name] of Object.entries(PACKAGES)) {
  const path = findTool(tool)
  process.stderr.write(`${tool}: ${path ?? 'missing'}\n`)
  if (path === undefined) missing.push(name)
}
if (missing.length > 0) {
  process.stderr.write(
    `The slow tests need what is missing: apt-get update && apt-get install -y ${[...new Set(missing)].join(' ')}\n`,
  )
  process.exitCode = 1
} else {
  const vitest = spawn(
    process.execPath,
    [join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', '--project', 'slow', ...process.argv.slice(2)],
    { cwd: ROOT, stdio: 'inherit' },
  )
  vitest.once('exit', (code) => process.exit(code ?? 1))
}
