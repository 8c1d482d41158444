const HOUR_MS = 3_600_000
const QUARTER_MS = 900_000

/**
 * The hour of the day in a time zone, 0 to 24 with fractions. `Intl` takes microseconds per call, so the offset
 * of the zone is looked up once a quarter of an hour: no zone changes its offset more finely than that.
 */
export const createLocalHour = (timeZone: string): ((atMs: number) => number) => {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  })
  let quarter = Number.NaN
  let hourAtQuarter = 0
  return (atMs) => {
    const ownQuarter = Math.floor(atMs / QUARTER_MS)
    if (ownQuarter !== quarter) {
      quarter = ownQuarter
      const parts = format.formatToParts(ownQuarter * QUARTER_MS)
      const part = (type: string) => Number(parts.find((one) => one.type === type)?.value)
      hourAtQuarter = part('hour') + part('minute') / 60
    }
    return (hourAtQuarter + (atMs - quarter * QUARTER_MS) / HOUR_MS) % 24
  }
}
