import { z } from 'zod'
import { parseJson } from './parse.ts'

/** What a service's command line asks for. Pure: the text of a file comes from `readText`, output is returned. */
export type ServiceStart<Config> =
  | { readonly kind: 'run'; readonly config: Config }
  | { readonly kind: 'print'; readonly text: string }
  | { readonly kind: 'refuse'; readonly text: string }

/**
 * Reads `--config FILE`, `--check` and `--print-config`. A file is JSON in which `//` comment lines are allowed,
 * so that what `--print-config` prints can be saved, edited and given back.
 */
export const readServiceConfig = <S extends z.ZodObject>(
  service: string,
  schema: S,
  example: z.input<S>,
  argv: readonly string[],
  readText: (path: string) => string,
): ServiceStart<z.output<S>> => {
  const usage = `usage: npm run ${service} -- --config FILE [--check | --print-config]`
  if (argv.includes('--print-config')) return { kind: 'print', text: printConfig(schema, example) }
  const at = argv.indexOf('--config')
  const path = at === -1 ? undefined : argv[at + 1]
  if (path === undefined) return { kind: 'refuse', text: `${service}: no --config FILE given\n${usage}` }
  let text: string
  try {
    text = readText(path)
  } catch (cause) {
    return {
      kind: 'refuse',
      text: `${service}: cannot read ${path}: ${cause instanceof Error ? cause.message : String(cause)}`,
    }
  }
  const parsed = parseJson('config', schema, text.replace(/^\s*\/\/.*$/gm, ''))
  if (!parsed.ok) return { kind: 'refuse', text: `${service}: ${path}: ${parsed.fault.detail}` }
  if (argv.includes('--check')) return { kind: 'print', text: `${service}: ${path}: in order` }
  return { kind: 'run', config: parsed.value }
}

/** The whole configuration as JSON, every key preceded by its description. */
export const printConfig = <S extends z.ZodObject>(schema: S, example: z.input<S>): string =>
  printObject(
    z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema,
    schema.parse(example),
    '',
  )

type JsonSchema = {
  readonly description?: string
  readonly properties?: Record<string, JsonSchema>
  readonly default?: unknown
}

const printObject = (schema: JsonSchema, value: Record<string, unknown>, indent: string): string => {
  const inner = `${indent}  `
  const lines = Object.entries(schema.properties ?? {})
    .filter(([key]) => value[key] !== undefined)
    .map(([key, property]) => {
      const comment = property.description === undefined ? '' : `${inner}// ${property.description}\n`
      const own = value[key]
      const isRecord =
        typeof own === 'object' && own !== null && !Array.isArray(own) && property.properties !== undefined
      const text = isRecord
        ? printObject(property, own as Record<string, unknown>, inner)
        : JSON.stringify(own)
      return `${comment}${inner}${JSON.stringify(key)}: ${text}`
    })
  return `{\n${lines.join(',\n')}\n${indent}}`
}
