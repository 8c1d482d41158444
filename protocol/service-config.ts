import { z } from 'zod'
import type { Inspection, Machine, Problem } from './inspection.ts'
import { createInspection } from './inspection.ts'
import { fromJson } from './parse.ts'
import { ok } from './result.ts'

/** One service of the house, as its command line and its configuration see it. */
export type Service<S extends z.ZodObject> = {
  readonly name: string
  readonly schema: S
  readonly example: z.input<S>
  /** Looks at what a configuration of the right shape names, beyond its own text. */
  readonly inspect: (config: z.output<S>, inspection: Inspection) => void
}

/** What a service's command line asks for. Pure: the machine is handed in, output is returned. */
export type ServiceStart<Config> =
  | { readonly kind: 'run'; readonly config: Config }
  | { readonly kind: 'print'; readonly text: string }
  | { readonly kind: 'refuse'; readonly text: string }

const FLAGS = ['--config', '--check', '--print-config']

/**
 * Reads `--config FILE`, `--check` and `--print-config`. A file is JSON in which `//` comment lines are allowed,
 * so that what `--print-config` prints can be saved, edited and given back. Whether it is checked or run, every
 * problem of the file and of what it names is said at once, each with its place.
 */
export const readServiceConfig = <S extends z.ZodObject>(
  service: Service<S>,
  argv: readonly string[],
  machine: Machine,
): ServiceStart<z.output<S>> => {
  const { name, schema, example } = service
  const refuse = (problem: string) => ({ kind: 'refuse', text: `${name}: ${problem}` }) as const
  const usage = `usage: npm run ${name} -- --config FILE [--check | --print-config]`
  const at = argv.indexOf('--config')
  const path = at === -1 ? undefined : argv[at + 1]
  const stray = argv.find((arg, index) => !FLAGS.includes(arg) && (at === -1 || index !== at + 1))
  if (stray !== undefined) return refuse(`${stray} is no option\n${usage}`)
  if (argv.includes('--print-config')) return { kind: 'print', text: printConfig(schema, example) }
  if (path === undefined) return refuse(`no --config FILE given\n${usage}`)

  const reading = createInspection(machine)
  const value = reading.file('--config', path, (text) =>
    fromJson(ok<unknown>)(text.replace(/^[ \t]*\/\/.*$/gm, '')),
  )
  const { config, problems } =
    value === undefined
      ? { config: undefined, problems: reading.problems() }
      : judge(service, value, createInspection(machine))
  if (config === undefined || problems.length > 0) {
    const lines = problems.map(({ place, text }) => `  ${place}: ${text}`)
    return refuse(`${path} is refused\n${lines.join('\n')}`)
  }
  return argv.includes('--check')
    ? { kind: 'print', text: `${name}: ${path}: in order` }
    : { kind: 'run', config }
}

/**
 * Everything that is wrong with a value and with what it names. What is of the wrong shape is lent by the example,
 * so that the rest is looked at in the same run; nothing is said of what was lent.
 */
const judge = <S extends z.ZodObject>(
  { schema, example, inspect }: Service<S>,
  value: unknown,
  inspection: Inspection,
): { readonly config: z.output<S> | undefined; readonly problems: readonly Problem[] } => {
  const misfits = (schema.safeParse(value).error?.issues ?? []).map(({ path, message }) => ({
    path,
    place: toPlace(path),
    text: `${message}; --print-config shows what belongs there`,
  }))
  const filled = misfits.reduce((whole, { path }) => replaceAt(whole, path, valueAt(example, path)), value)
  const parsed = schema.safeParse(filled)
  if (!parsed.success) return { config: undefined, problems: misfits }
  for (const place of findUnknown(filled, parsed.data).map(toPlace))
    inspection.note(place, 'there is no such setting; take it out, or spell it as --print-config does')
  inspect(parsed.data, inspection)
  const isLent = (place: string): boolean =>
    misfits.some(({ path, place: lent }) => path.length === 0 || `${place}.`.startsWith(`${lent}.`))
  const found = inspection.problems().filter(({ place }) => !isLent(place))
  return { config: parsed.data, problems: [...misfits, ...found] }
}

/** Codes with which a machine refuses an address to listen on, as Node names them. */
const LISTEN_PROBLEMS: ReadonlyMap<unknown, string> = new Map([
  ['EADDRINUSE', 'another program has this port; stop that one, or choose another port'],
  ['EACCES', 'this user may not listen on this port; choose one above 1023'],
  ['EADDRNOTAVAIL', 'this machine has no such address; choose one that it has'],
])

/** Why a service cannot listen, with the place in its configuration; undefined where something else went wrong. */
export const toListenProblem = (cause: unknown, place: string): string | undefined => {
  if (!(cause instanceof Error) || !('code' in cause)) return undefined
  const problem = LISTEN_PROBLEMS.get(cause.code)
  return problem === undefined ? undefined : `${place}: ${cause.message}: ${problem}`
}

const toPlace = (path: readonly PropertyKey[]): string =>
  path.length === 0 ? 'configuration' : path.map(String).join('.')

const isRecord = (value: unknown): value is Record<PropertyKey, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** What stands at a path; of a list, what the first of its elements that has such a place has there. */
const valueAt = (whole: unknown, [key, ...rest]: readonly PropertyKey[]): unknown => {
  if (key === undefined) return whole
  if (Array.isArray(whole))
    return whole.map((one: unknown) => valueAt(one, rest)).find((found) => found !== undefined)
  return isRecord(whole) ? valueAt(whole[key], rest) : undefined
}

const replaceAt = (whole: unknown, [key, ...rest]: readonly PropertyKey[], part: unknown): unknown => {
  if (key === undefined) return part
  if (Array.isArray(whole))
    return whole.map((one: unknown, index) => (index === key ? replaceAt(one, rest, part) : one))
  return isRecord(whole) ? { ...whole, [key]: replaceAt(whole[key], rest, part) } : whole
}

/** Paths of the keys that a schema has dropped: whoever wrote them believes that they are in force. */
const findUnknown = (
  given: unknown,
  taken: unknown,
  path: readonly PropertyKey[] = [],
): readonly PropertyKey[][] => {
  if (Array.isArray(given) && Array.isArray(taken))
    return given.flatMap((one: unknown, index) => findUnknown(one, taken[index], [...path, index]))
  if (!isRecord(given) || !isRecord(taken)) return []
  return Object.keys(given).flatMap((key) =>
    key in taken ? findUnknown(given[key], taken[key], [...path, key]) : [[...path, key]],
  )
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
  readonly examples?: readonly unknown[]
}

const printObject = (schema: JsonSchema, value: Record<string, unknown>, indent: string): string => {
  const inner = `${indent}  `
  const lines: string[] = []
  let comment = ''
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    const own = value[key]
    const [example] = property.examples ?? []
    if (own === undefined && example === undefined) continue
    if (property.description !== undefined) comment += `${inner}// ${property.description}\n`
    // What is off unless somebody wants it stands in front of the next setting: the two slashes are all that is to go.
    if (own === undefined) {
      comment += `${inner}// ${JSON.stringify(key)}: ${JSON.stringify(example)},\n`
      continue
    }
    const text =
      isRecord(own) && property.properties !== undefined
        ? printObject(property, own, inner)
        : JSON.stringify(own)
    lines.push(`${comment}${inner}${JSON.stringify(key)}: ${text}`)
    comment = ''
  }
  return `{\n${lines.join(',\n')}\n${indent}}`
}
