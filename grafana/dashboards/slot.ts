import type { DashboardBuilder } from '@grafana/grafana-foundation-sdk/dashboard'
import { BLOCKED, CLEAR, codeOf, PRE_ALARM, toMappings, UNOBSERVED } from '../codes.ts'
import {
  influxql,
  OF_SECTION,
  OF_SECTION_OF_SLOT,
  OF_SITE,
  OF_SLOT,
  SINCE_A_WEEK_BEFORE,
} from '../data-sources.ts'
import { mathematics, newestOf } from '../expressions.ts'
import { foundVariable, mark, siteVariable, startDashboard, tagVariable } from '../frame.ts'
import type { Setting } from '../language.ts'
import { toConsoleDevice } from '../links.ts'
import {
  BARS,
  colored,
  DASHED,
  named,
  POINTS,
  stateTimeline,
  STEPPED,
  table,
  timeSeries,
  unitOf,
  WIDTH,
} from '../panels.ts'

const OF_THIS_SLOT = `${OF_SITE} AND ${OF_SLOT}`
const WHERE = `${OF_THIS_SLOT} AND $timeFilter`
const BY_TIME = 'GROUP BY time($__interval) fill(none)'
/** The baseline moves slowly: a step of a quarter of an hour is enough to draw it, and a week of them is little. */
const BASELINE_BY_TIME = `FROM "presence" WHERE ${OF_THIS_SLOT} AND ${SINCE_A_WEEK_BEFORE} GROUP BY time(15m) fill(previous)`
const HALF = { width: 12, height: 8 }

/** Everything that is known of one slot: its field, what the rules made of it, its device and its radio. */
export const createSlot = (setting: Setting): DashboardBuilder => {
  const { language, words } = setting
  const presences = toMappings('presence', language)
  const fieldUnit = unitOf('reading', 'xNt')
  const dashboard = startDashboard('slot', setting, [
    siteVariable(setting),
    tagVariable(
      'section',
      words.sections,
      `SHOW TAG VALUES FROM "reading" WITH KEY = "section" WHERE ${OF_SITE}`,
    ),
    tagVariable(
      'slot',
      words.slot,
      `SHOW TAG VALUES FROM "reading" WITH KEY = "slot" WHERE ${OF_SITE} AND ${OF_SECTION}`,
      false,
    ),
    foundVariable(
      'sectionOfSlot',
      `SHOW TAG VALUES FROM "reading" WITH KEY = "section" WHERE ${OF_THIS_SLOT}`,
    ),
  ])
    .withPanel(
      stateTimeline(
        words.presence,
        { width: WIDTH, height: 4 },
        [
          influxql(`SELECT "presence" FROM "presence" WHERE ${OF_THIS_SLOT} AND ${SINCE_A_WEEK_BEFORE}`, {
            alias: '$col',
          }),
        ],
        presences,
      ).overrideByName('presence', named(words.presence)),
    )
    .withPanel(
      timeSeries(words.field, { width: WIDTH, height: 10 }, [
        influxql(
          `SELECT mean("xNt") AS "x", mean("yNt") AS "y", mean("zNt") AS "z" FROM "reading" WHERE ${WHERE} ${BY_TIME}`,
          { alias: '$col' },
        ),
        influxql(
          `SELECT last("baselineXNt") AS "baselineX", last("baselineYNt") AS "baselineY", last("baselineZNt") AS "baselineZ" ${BASELINE_BY_TIME}`,
          { refId: 'B', alias: '$col' },
        ),
      ])
        .description(words.fieldHelp)
        .unit(fieldUnit)
        .overrideByName('x', named(words.xAxis, [colored('red')]))
        .overrideByName('y', named(words.yAxis, [colored('green')]))
        .overrideByName('z', named(words.zAxis, [colored('blue')]))
        .overrideByName('baselineX', named(words.baselineX, [colored('red'), DASHED, STEPPED]))
        .overrideByName('baselineY', named(words.baselineY, [colored('green'), DASHED, STEPPED]))
        .overrideByName('baselineZ', named(words.baselineZ, [colored('blue'), DASHED, STEPPED])),
    )
    .withPanel(
      timeSeries(words.residual, { width: WIDTH, height: 9 }, [
        ...['X', 'Y', 'Z'].flatMap((axis) => [
          influxql(
            `SELECT mean("${axis.toLowerCase()}Nt") AS "field" FROM "reading" WHERE ${WHERE} ${BY_TIME}`,
            { refId: axis, isInput: true },
          ),
          influxql(
            `SELECT last("baseline${axis}Nt") AS "baseline" FROM "presence" WHERE ${OF_THIS_SLOT} AND ${SINCE_A_WEEK_BEFORE}`,
            { refId: `B${axis}`, isInput: true },
          ),
          newestOf(`R${axis}`, `B${axis}`),
        ]),
        mathematics('RESIDUAL', '(($X - $RX) ** 2 + ($Y - $RY) ** 2 + ($Z - $RZ) ** 2) ** 0.5'),
        influxql(
          `SELECT "residualNt" AS "evidence" FROM "presence" WHERE ${OF_THIS_SLOT} AND ${SINCE_A_WEEK_BEFORE}`,
          { refId: 'E', alias: '$col' },
        ),
        influxql(`SELECT last("thresholdNt") AS "threshold" ${BASELINE_BY_TIME}`, {
          refId: 'T',
          alias: '$col',
        }),
      ])
        .description(words.residualHelp)
        .unit(fieldUnit)
        .min(0)
        .overrideByQuery('RESIDUAL', named(words.residualNow))
        .overrideByName('evidence', [
          ...named(words.residualEvidence, [POINTS, { id: 'custom.pointSize', value: 9 }]),
        ])
        .overrideByName('threshold', named(words.threshold, [colored(BLOCKED), DASHED, STEPPED])),
    )
    .withPanel(
      timeSeries(words.temperature, HALF, [
        influxql(`SELECT mean("temperatureC") AS "temperature" FROM "reading" WHERE ${WHERE} ${BY_TIME}`, {
          alias: '$col',
        }),
      ])
        .unit(unitOf('reading', 'temperatureC'))
        .overrideByName('temperature', named(words.temperature)),
    )
    .withPanel(
      timeSeries(words.battery, HALF, [
        influxql(`SELECT min("batteryMv") AS "battery" FROM "reading" WHERE ${WHERE} ${BY_TIME}`, {
          alias: '$col',
        }),
      ])
        .unit(unitOf('reading', 'batteryMv'))
        .overrideByName('battery', named(words.battery)),
    )
    .withPanel(
      timeSeries(words.signal, HALF, [
        influxql(
          `SELECT mean("rssiDbm") AS "rssi", mean("snrDb") AS "snr" FROM "reading" WHERE ${WHERE} ${BY_TIME}`,
          {
            alias: '$col',
          },
        ),
      ])
        .overrideByName('rssi', named(words.rssi, [{ id: 'unit', value: unitOf('reading', 'rssiDbm') }]))
        .overrideByName(
          'snr',
          named(words.snr, [
            { id: 'unit', value: unitOf('reading', 'snrDb') },
            { id: 'custom.axisPlacement', value: 'right' },
          ]),
        ),
    )
    .withPanel(
      timeSeries(words.delivery, HALF, [
        influxql(
          `SELECT count("counter") AS "heard", sum("backfill") AS "again" FROM "reading" WHERE ${WHERE} GROUP BY time($__interval) fill(0)`,
          { alias: '$col' },
        ),
        influxql(
          `SELECT count("counter") / non_negative_difference(last("counter")) AS "share" FROM "reading" WHERE ${WHERE} ${BY_TIME}`,
          { refId: 'B', alias: '$col' },
        ),
      ])
        .description(`${words.deliveryHelp} ${words.deliveryShareHelp}`)
        .interval('10m')
        .min(0)
        .overrideByName('heard', named(words.heard, [...BARS]))
        .overrideByName('again', named(words.sentAgain, [...BARS, colored(PRE_ALARM)]))
        .overrideByName(
          'share',
          named(words.deliveryShare, [
            { id: 'unit', value: 'percentunit' },
            { id: 'max', value: 1 },
            { id: 'custom.axisPlacement', value: 'right' },
          ]),
        ),
    )
    .withPanel(
      table(
        words.evidence,
        HALF,
        [
          influxql(
            `SELECT "presence", "residualNt", "thresholdNt", "baselineXNt", "baselineYNt", "baselineZNt", "revision" FROM "presence" WHERE ${WHERE} ORDER BY time DESC LIMIT 500`,
            { format: 'table' },
          ),
        ],
        {
          Time: { name: words.time, width: 170 },
          presence: { name: words.presence, mappings: presences },
          residualNt: { name: words.residualNow, unit: fieldUnit },
          thresholdNt: { name: words.threshold, unit: fieldUnit },
          baselineXNt: { name: words.baselineX, unit: fieldUnit },
          baselineYNt: { name: words.baselineY, unit: fieldUnit },
          baselineZNt: { name: words.baselineZ, unit: fieldUnit },
          revision: { name: words.revision },
        },
      ),
    )
    .withPanel(
      table(
        words.readings,
        HALF,
        [
          influxql(
            `SELECT "trigger", "clock", "delayMs", "counter", "session", "device" FROM "reading" WHERE ${WHERE} ORDER BY time DESC LIMIT 200`,
            { format: 'table' },
          ),
        ],
        {
          Time: { name: words.time, width: 170 },
          trigger: { name: words.trigger, mappings: toMappings('trigger', language) },
          clock: { name: words.clockSource, mappings: toMappings('clock', language) },
          delayMs: { name: words.hopDevice, unit: unitOf('reading', 'delayMs') },
          counter: { name: words.counter },
          session: { name: words.session },
          device: { name: words.device, link: toConsoleDevice(setting) },
        },
      ),
    )
  const changed = (word: 'vacant' | 'occupied' | 'unknown'): string =>
    `FROM "presence" WHERE "presence" = ${codeOf('presence', word)} AND ${WHERE}`
  const told = (word: 'confirmed' | 'cleared'): string =>
    `SELECT "id", "durationMs" FROM "episode" WHERE "transition" = ${codeOf('transition', word)} AND ${OF_SITE} AND ${OF_SECTION_OF_SLOT} AND $timeFilter`
  const evidence = { text: 'residualNt', tags: 'thresholdNt' }
  return dashboard
    .annotation(
      mark({
        name: words.occupiedMark,
        color: BLOCKED,
        query: `SELECT "residualNt", "thresholdNt" ${changed('occupied')}`,
        ...evidence,
      }),
    )
    .annotation(
      mark({
        name: words.vacantMark,
        color: CLEAR,
        query: `SELECT "residualNt", "thresholdNt" ${changed('vacant')}`,
        ...evidence,
      }),
    )
    .annotation(
      mark({
        name: words.unknownMark,
        color: UNOBSERVED,
        query: `SELECT "presence" ${changed('unknown')}`,
        text: 'presence',
      }),
    )
    .annotation(
      mark({
        name: words.alarmMark,
        color: PRE_ALARM,
        query: told('confirmed'),
        text: 'id',
        tags: 'durationMs',
      }),
    )
    .annotation(
      mark({ name: words.clearedMark, color: CLEAR, query: told('cleared'), text: 'id', tags: 'durationMs' }),
    )
}
