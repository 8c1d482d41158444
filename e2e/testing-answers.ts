type Json = null | string | number | boolean | readonly Json[] | { readonly [key: string]: Json }

/** Sums of many numbers depend on the order in which they are added. */
const isClose = (a: number, b: number): boolean =>
  Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a), Math.abs(b))

/** The place of the first difference and what stands there. */
export const findDifference = (ours: Json, theirs: Json, place: string): string | undefined => {
  if (typeof ours === 'number' && typeof theirs === 'number' && isClose(ours, theirs)) return undefined
  if (ours === theirs) return undefined
  if (ours === null || theirs === null || typeof ours !== 'object' || typeof theirs !== 'object')
    return `${place} is ${JSON.stringify(ours)} and not ${JSON.stringify(theirs)}`
  const [a, b] = [Object.entries(ours), Object.entries(theirs)]
  if (a.length !== b.length || a.some(([key]) => !Object.hasOwn(theirs, key)))
    return `${place} is ${JSON.stringify(ours).slice(0, 500)} and not ${JSON.stringify(theirs).slice(0, 500)}`
  for (const [key, value] of a) {
    const other = b.find(([name]) => name === key)?.[1] ?? null
    const difference = findDifference(value, other, `${place}/${key}`)
    if (difference !== undefined) return difference
  }
  return undefined
}

/**
 * InfluxDB 2 words a fault of the whole query otherwise than 1.x, counts the end of a query once too often, and gives the
 * last window of an integral of several series behind those of all others, in no order.
 */
export const toComparable = (answer: unknown): Json => {
  const json = JSON.parse(JSON.stringify(answer)) as { [key: string]: Json }
  if (typeof json['message'] === 'string')
    return toComparable({ error: json['message'].replace('failed to parse query', 'error parsing query') })
  if (typeof json['error'] === 'string')
    return { error: json['error'].replace(/(found EOF.*) at line.*/, '$1') }
  return { results: (json['results'] as readonly { [key: string]: Json }[]).map(joinSeries) }
}

const joinSeries = (result: { readonly [key: string]: Json }): Json => {
  const series = (result['series'] ?? []) as readonly { [key: string]: Json }[]
  if (!series.some(({ columns }) => JSON.stringify(columns).includes('integral'))) return result
  const joined = new Map<string, { [key: string]: Json }>()
  for (const one of series) {
    const key = JSON.stringify([one['name'] ?? null, one['tags'] ?? null])
    const values = [...((joined.get(key)?.['values'] ?? []) as Json[]), ...(one['values'] as Json[])]
    joined.set(key, { ...one, values })
  }
  const sorted = [...joined].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one)
  return { ...result, series: sorted }
}
