import { X509Certificate } from 'node:crypto'
import * as fs from 'node:fs'
import * as path from 'node:path'
import { parseArgs } from 'node:util'
import { IdSchema, readServiceConfig } from '@clearlane/protocol'
import { PLATFORM_SERVICE } from './config.ts'
import { addToken, removeToken, toTokensFile } from './query/query-tokens.ts'

/** `npm run query-token`: makes or removes a token with which a site's history is read over `/query`. */
const USAGE = 'usage: npm run --silent query-token -- --config FILE [--site SITE] [--name NAME] [--remove]'

const main = (): number => {
  const options = readOptions()
  if (typeof options === 'string') return refuse(`${options}\n${USAGE}`)
  const start = readServiceConfig(PLATFORM_SERVICE, ['--config', options.config], {
    fs,
    path,
    X509Certificate,
  })
  if (start.kind !== 'run') return refuse(start.text)
  const { dataDir, site } = start.config
  const owner = { name: options.name, site: options.site ?? site }
  fs.mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const file = toTokensFile(dataDir)
  if (!options.remove) {
    process.stdout.write(`${addToken(file, owner)}\n`)
    return 0
  }
  return removeToken(file, owner) ? 0 : refuse(`${file}: there is no token ${owner.name} of ${owner.site}`)
}

const refuse = (text: string): number => {
  process.stderr.write(`query-token: ${text}\n`)
  return 2
}

const readOptions = () => {
  try {
    const { values } = parseArgs({
      options: {
        config: { type: 'string' },
        site: { type: 'string' },
        name: { type: 'string', default: 'grafana' },
        remove: { type: 'boolean', default: false },
      },
    })
    const { config, site, name, remove } = values
    if (config === undefined) return 'no --config FILE given'
    for (const id of [name, site ?? name]) {
      const parsed = IdSchema.safeParse(id)
      if (!parsed.success) return `${id}: ${parsed.error.issues[0]?.message ?? 'no id'}`
    }
    return { config, site, name, remove }
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause)
  }
}

process.exitCode = main()
