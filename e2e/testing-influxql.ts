import type { MemoryPoint, MemorySchema } from '../platform/influxql/testing-memory-source.ts'

/** Points and queries that a real InfluxDB and ours are both asked, the same for the same seed. */
export const START_MS = Date.UTC(2026, 2, 28, 22)
export const END_MS = START_MS + 6 * 3_600_000

export type Random = {
  below(count: number): number
  oneOf<T>(choices: readonly T[]): T
  isOnceIn(count: number): boolean
}

/** mulberry32 */
export const createRandom = (seed: number): Random => {
  let state = seed
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (count: number): number => Math.floor(next() * count)
  return {
    below,
    oneOf: (choices) => {
      const chosen = choices[below(choices.length)]
      if (chosen === undefined) throw new Error('nothing to choose from')
      return chosen
    },
    isOnceIn: (count) => below(count) === 0,
  }
}

export const SCHEMA: MemorySchema = {
  reading: { x: 'integer', y: 'integer', temperature: 'float', state: 'string', ok: 'boolean' },
  battery: { level: 'float', x: 'float' },
  'fire episode': { minutes: 'float', revision: 'integer' },
}

/** Six hours around the night in which clocks go forward in Berlin; no two points of a measurement at the same time. */
export const createPoints = (random: Random): MemoryPoint[] => {
  const points: MemoryPoint[] = []
  const sometimes = <T>(name: string, share: number, make: () => T): Record<string, T> =>
    random.below(100) < share ? { [name]: make() } : {}
  const add = (point: MemoryPoint): void => {
    if (Object.keys(point.fields).length > 0) points.push(point)
  }
  const slots = ['a1', 'a2', 'b1', '字'].flatMap((slot, index) => [
    { site: 'north', slot, index },
    { site: 'south', slot, index: index + 4 },
  ])
  for (const { site, slot, index } of slots) {
    // Each slot has its own remainder of ten microseconds, so that no two times are equal.
    for (let atMs = START_MS; atMs < END_MS; atMs += 20_000 + random.below(160_000)) {
      const isQuiet = slot === 'b1' && atMs > START_MS + 3_600_000 && atMs < START_MS + 3 * 3_600_000
      if (isQuiet) continue
      add({
        measurement: 'reading',
        tags: { site, slot },
        atUs: (atMs + random.below(1_000)) * 1_000 + random.below(99) * 10 + index,
        fields: {
          ...sometimes('x', 90, () => random.below(900) - 450),
          ...sometimes('y', 60, () => random.below(6)),
          ...sometimes('temperature', 80, () => (random.below(600) - 200) / 10),
          ...sometimes('state', 30, () => random.oneOf(['occupied', 'vacant', 'un known'])),
          ...sometimes('ok', 30, () => random.isOnceIn(2)),
        },
      })
    }
    for (let atMs = START_MS; atMs < END_MS; atMs += 3_000_000)
      add({
        measurement: 'battery',
        tags: index % 2 === 0 ? { site, slot } : { site, slot, kind: 'lithium' },
        atUs: (atMs + random.below(1_000_000)) * 1_000 + index,
        fields: { level: random.below(1_000) / 10, ...sometimes('x', 50, () => random.below(100) / 4) },
      })
  }
  for (let index = 0; index < 40; index++)
    add({
      measurement: 'fire episode',
      tags: { site: 'north', ...(index % 5 === 0 ? {} : { lane: `L ${index % 3}` }) },
      atUs: (START_MS + index * 500_000) * 1_000 + random.below(1_000),
      fields: { minutes: random.below(300) / 10, revision: index },
    })
  return points
}

const escapeKey = (text: string): string => text.replace(/[,= ]/g, '\\$&')

export const toLine = ({ measurement, tags, atUs, fields }: MemoryPoint, schema = SCHEMA): string => {
  const value = (name: string, one: string | number | boolean): string =>
    typeof one === 'string' ? `"${one}"` : schema[measurement]?.[name] === 'integer' ? `${one}i` : String(one)
  const key = [escapeKey(measurement), ...Object.entries(tags).map((pair) => pair.map(escapeKey).join('='))]
  const values = Object.entries(fields).map(([name, one]) => `${name}=${value(name, one)}`)
  return `${key.join(',')} ${values.join(',')} ${atUs}`
}

/** A selection like those that Grafana's query builder and people make, with all that can be combined. */
export const createQuery = (random: Random): string => {
  const isOfReadings = !random.isOnceIn(4)
  const measurement = isOfReadings ? 'reading' : random.oneOf(['battery', 'fire episode'])
  const numbers = Object.entries(SCHEMA[measurement] ?? {})
    .filter(([, type]) => type === 'float' || type === 'integer')
    .map(([name]) => name)
  const floats = numbers.filter((name) => SCHEMA[measurement]?.[name] === 'float')
  const all = Object.keys(SCHEMA[measurement] ?? {})
  const tags = measurement === 'fire episode' ? ['site', 'lane'] : ['site', 'slot', 'kind']
  const fromMs = START_MS + random.below(3 * 3_600_000)
  const toMs = fromMs + 600_000 + random.below(3 * 3_600_000)
  const interval = random.oneOf(['1m', '5m', '7m', '10m', '30m', '1h', '90m', '1d'])

  const isRaw = random.isOnceIn(5)
  const isGrouped = !isRaw && !random.isOnceIn(4)
  const number = (): string => `"${random.oneOf(numbers)}"`
  // Of equal values a percentile may be any, and without windows one would see by its time which.
  const aggregate = (): string => {
    switch (random.below(9)) {
      case 0:
        return isGrouped
          ? `percentile(${number()}, ${random.oneOf(['50', '95', '99.9'])})`
          : `median(${number()})`
      case 1:
        return `count("${random.oneOf(all)}")`
      case 2:
        return `${random.oneOf(['first', 'last'])}("${random.oneOf(all)}")`
      case 3:
        return `count(distinct(${number()}))`
      default:
        return `${random.oneOf(['mean', 'min', 'max', 'sum', 'median', 'spread', 'stddev', 'mean'])}(${number()})`
    }
  }
  const unit = random.oneOf(['', ', 1s', ', 10s', ', 1m', ', 1h'])
  const transform = (inner: string): string =>
    random.oneOf([
      `difference(${inner})`,
      `non_negative_difference(${inner})`,
      `derivative(${inner}${unit})`,
      `non_negative_derivative(${inner}${unit})`,
      `cumulative_sum(${inner})`,
      `moving_average(${inner}, ${2 + random.below(4)})`,
      `elapsed(${inner}${unit})`,
    ])
  const numeric = (): string =>
    `${random.oneOf(['mean', 'min', 'max', 'sum', 'median', 'count', 'spread'])}(${number()})`
  const column = (): string => {
    if (isRaw) return random.oneOf([`"${random.oneOf(all)}"`, `${number()} * 2.5 - ${number()}`, number()])
    if (random.isOnceIn(4)) return transform(isGrouped ? numeric() : number())
    if (random.isOnceIn(6))
      return random.oneOf([
        `${numeric()} ${random.oneOf(['+', '-', '*'])} ${numeric()}`,
        `${numeric()} / count(${number()})`,
      ])
    if (random.isOnceIn(8)) return `${numeric()} / 100`
    return aggregate()
  }
  const columns = Array.from({ length: random.oneOf([1, 1, 1, 2, 3]) }, (_, index) =>
    random.isOnceIn(4) ? `${column()} AS "c ${index}"` : column(),
  )
  // A selector may have fields and tags beside it.
  if (!isRaw && random.isOnceIn(6))
    columns.splice(
      0,
      columns.length,
      random.oneOf([
        `max(${number()})`,
        `first(${number()})`,
        `top(${number()}, 3)`,
        `bottom(${number()}, 2)`,
      ]),
      `"${random.oneOf(all)}"`,
      ...(random.isOnceIn(2) ? [`"${random.oneOf(tags)}"`] : []),
    )
  // In InfluxDB its last window stands in a row of its own beside other columns.
  if (!isRaw && random.isOnceIn(15))
    columns.splice(0, columns.length, `integral("${random.oneOf(floats)}"${unit})`)
  const isPick = /^(top|bottom|integral)/.test(columns[0] ?? '')
  const condition = (): string =>
    random.oneOf([
      `"site" = 'north'`,
      `"site" != 'north'`,
      `"slot" =~ /^(a1|b1)$/`,
      `"slot" !~ /a/`,
      `"kind" = ''`,
      `"lane"::tag != 'L 1'`,
      `${number()} > ${random.below(20) - 5}`,
      `${number()} <= ${random.below(100)}.5`,
      `("site" = 'south' OR ${number()} >= 3)`,
      `"state" = 'vacant'`,
      `("slot" = 'a2' OR "slot" = '字')`,
    ])
  const where = [`time >= ${fromMs}ms and time <= ${toMs}ms`]
  while (random.isOnceIn(3)) where.unshift(condition())
  const dimensions = [
    ...(isGrouped ? [`time(${interval}${random.isOnceIn(6) ? ', 3m' : ''})`] : []),
    ...(random.isOnceIn(3)
      ? [random.oneOf([`"${random.oneOf(tags)}"`, '"site", "slot"::tag', '*', '/s/'])]
      : []),
  ]
  const fill = isGrouped
    ? random.oneOf([
        '',
        ' fill(null)',
        ' fill(none)',
        ' fill(0)',
        ' fill(previous)',
        ' fill(linear)',
        ' fill(2.5)',
      ])
    : ''
  return [
    `SELECT ${columns.join(', ')} FROM "${measurement}" WHERE ${where.join(' AND ')}`,
    dimensions.length === 0 ? '' : ` GROUP BY ${dimensions.join(', ')}`,
    fill,
    random.isOnceIn(5) ? ' ORDER BY time DESC' : '',
    // InfluxDB loses rows where an offset stands without a limit, and with one from top() and integral().
    !isPick && random.isOnceIn(5)
      ? ` LIMIT ${3 + random.below(8)}${random.isOnceIn(2) ? ` OFFSET ${random.below(4)}` : ''}`
      : '',
    random.isOnceIn(8)
      ? ` SLIMIT ${1 + random.below(3)}${random.isOnceIn(2) ? ` SOFFSET ${random.below(2)}` : ''}`
      : '',
    random.isOnceIn(4) ? ` tz('${random.oneOf(['Asia/Shanghai', 'Europe/Berlin', 'UTC'])}')` : '',
  ].join('')
}
