import type { DashboardName, Setting } from './language.ts'
import { toUid } from './language.ts'

/** Ways from a row or a series to another dashboard, and into the console. Grafana fills in what stands in `${}`. */
type Link = { readonly title: string; readonly url: string; readonly targetBlank?: boolean }

const KEPT = '${site:queryparam}&${console:queryparam}'
const SHOWN_PERIOD = '${__url_time_range}'
/** Half an hour before and after the time of the row. */
const HOUR_OF_ROW = 'time=${__data.fields.Time.numeric}&time.window=3600000'

const toSlots = ({ language }: Setting, chosen: string, period: string): string =>
  `/d/${toUid('slot', language)}?${KEPT}&${chosen}&${period}`
const theSlot = (slot: string): string => `var-section=%24__all&var-slot=${slot}`
const theSection = (section: string): string => `var-section=${section}`

/** From a row of a table with the column `slot` or `section`. */
export const toSlotAndHour = (setting: Setting): Link => ({
  title: setting.words.openSlotAndHour,
  url: toSlots(setting, theSlot('${__data.fields.slot}'), HOUR_OF_ROW),
})
export const toSectionAndHour = (setting: Setting): Link => ({
  title: setting.words.openSectionAndHour,
  url: toSlots(setting, theSection('${__data.fields.section}'), HOUR_OF_ROW),
})
export const toSlotOfRow = (setting: Setting): Link => ({
  title: setting.words.openSlot,
  url: toSlots(setting, theSlot('${__data.fields.slot}'), SHOWN_PERIOD),
})
export const toSectionOfRow = (setting: Setting): Link => ({
  title: setting.words.openSection,
  url: toSlots(setting, theSection('${__data.fields.section}'), SHOWN_PERIOD),
})

/** From a series with the tag `section` or `slot`. */
export const toSectionOfSeries = (setting: Setting): Link => ({
  title: setting.words.openSection,
  url: toSlots(setting, theSection('${__field.labels.section}'), SHOWN_PERIOD),
})
export const toSlotOfSeries = (setting: Setting): Link => ({
  title: setting.words.openSlot,
  url: toSlots(setting, theSlot('${__field.labels.slot}'), SHOWN_PERIOD),
})

/** The console's pages, as `console/routes.ts` has them. */
export const toConsoleEpisode = ({ words }: Setting): Link => ({
  title: words.openConsole,
  url: '${console:raw}/episodes/${__data.fields.id}',
  targetBlank: true,
})
export const toConsoleDevice = ({ words }: Setting): Link => ({
  title: words.openConsole,
  url: '${console:raw}/devices/${__data.fields.device}',
  targetBlank: true,
})
export const CONSOLE_OF: Readonly<Record<DashboardName, string>> = {
  estate: '${console:raw}/',
  slot: '${console:raw}/slots/${slot}?at=${__to}',
  rules: '${console:raw}/episodes',
  fleet: '${console:raw}/devices',
  pipeline: '${console:raw}/gateways',
}
