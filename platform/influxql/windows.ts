import type { Zone } from './timezones.ts'

/** Windows of time that are grouped by, in microseconds; the end belongs to the next one. */
export type Window = { readonly startUs: number; readonly endUs: number }
export type Grouping = {
  readonly intervalUs: number
  readonly offsetUs: number
  readonly zone: Zone | undefined
}

/** In a zone windows begin by its clocks: a day is one from midnight to midnight, also where it has 23 hours. */
export const windowOf = (atUs: number, { intervalUs, offsetUs, zone }: Grouping): Window => {
  const at = atUs - offsetUs
  const zoneUs = zone?.offsetUs(at) ?? 0
  const into = (((at + zoneUs) % intervalUs) + intervalUs) % intervalUs
  const start = at - into + offsetUs
  const end = at - into + intervalUs + offsetUs
  if (zone === undefined) return { startUs: start, endUs: end }
  const shift = (fromUs: number): number => {
    const by = zoneUs - zone.offsetUs(fromUs)
    return Math.abs(by) < intervalUs ? by : 0
  }
  const later = shift(end)
  const isLater = later > 0 || zone.offsetUs(end + later) === zone.offsetUs(end)
  return { startUs: start + shift(start), endUs: end + (isLater ? later : 0) }
}
