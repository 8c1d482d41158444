/** Whether the platform's own table of time zones has this name. */
export const isTimezone = (name: string): boolean => {
  if (!/^[A-Za-z]/.test(name)) return false
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}

export type Zone = {
  /** What is added to UTC there and then. */
  offsetUs(atUs: number): number
}

/** Clocks are changed at quarters of an hour. */
const QUARTER_US = 900_000_000
const MAX_KEPT = 10_000

export const createZone = (name: string): Zone => {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: name,
    hourCycle: 'h23',
    era: 'short',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  const readOffset = (atUs: number): number => {
    const part: Record<string, string> = {}
    for (const { type, value } of format.formatToParts(atUs / 1_000)) part[type] = value
    const year = part['era'] === 'BC' ? 1 - Number(part['year']) : Number(part['year'])
    const local = new Date(0)
    local.setUTCFullYear(year, Number(part['month']) - 1, Number(part['day']))
    local.setUTCHours(Number(part['hour']), Number(part['minute']), Number(part['second']))
    return (local.getTime() - Math.floor(atUs / 1_000_000) * 1_000) * 1_000
  }
  const kept = new Map<number, number>()
  return {
    offsetUs: (atUs) => {
      const quarter = Math.floor(atUs / QUARTER_US)
      const found = kept.get(quarter)
      if (found !== undefined) return found
      if (kept.size >= MAX_KEPT) kept.clear()
      const offset = readOffset(quarter * QUARTER_US)
      kept.set(quarter, offset)
      return offset
    },
  }
}

/** The moment at which the clocks of a zone show this, the earlier one where they show it twice. */
export const fromLocalUs = (localUs: number, zone: Zone | undefined): number => {
  if (zone === undefined) return localUs
  const guess = localUs - zone.offsetUs(localUs)
  return localUs - zone.offsetUs(guess)
}
