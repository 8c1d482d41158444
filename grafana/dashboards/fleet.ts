import {
  BarGaugeDisplayMode,
  ReduceDataOptionsBuilder,
  VizOrientation,
} from '@grafana/grafana-foundation-sdk/common'
import { PanelBuilder as BarGaugeBuilder } from '@grafana/grafana-foundation-sdk/bargauge'
import type { DashboardBuilder } from '@grafana/grafana-foundation-sdk/dashboard'
import { HISTORY, influxql, OF_SECTION, OF_SITE } from '../data-sources.ts'
import { siteVariable, startDashboard, tagVariable } from '../frame.ts'
import type { Setting } from '../language.ts'
import { toConsoleDevice, toSlotAndHour, toSlotOfRow, toSlotOfSeries } from '../links.ts'
import { linked, LOW_BATTERY, statNow, table, timeSeries, unitOf, WIDTH } from '../panels.ts'

const WHERE = `${OF_SITE} AND ${OF_SECTION} AND $timeFilter`
const OF_GATEWAYS = `${OF_SITE} AND $timeFilter GROUP BY "gateway"`
const HALF = { width: 12, height: 11 }

/** The devices: their batteries, when they were last heard, and over how weak a signal. */
export const createFleet = (setting: Setting): DashboardBuilder => {
  const { words } = setting
  const small = { width: 8, height: 4 }
  const ofGateways = (field: string) => [
    influxql(`SELECT last("${field}") AS "${field}" FROM "health" WHERE ${OF_GATEWAYS}`, {
      alias: '$tag_gateway',
    }),
  ]
  const battery = unitOf('reading', 'batteryMv')
  const slotColumns = {
    section: { name: words.section },
    slot: { name: words.slot, link: toSlotOfRow(setting) },
  }
  const sorted = (field: string, desc: boolean) => ({
    id: 'sortBy',
    options: { fields: {}, sort: [{ field, desc }] },
  })
  return startDashboard('fleet', setting, [
    siteVariable(setting),
    tagVariable(
      'section',
      words.sections,
      `SHOW TAG VALUES FROM "reading" WITH KEY = "section" WHERE ${OF_SITE}`,
    ),
  ])
    .withPanel(
      statNow(words.lowBatteries, small, ofGateways('devicesLowBattery')).noValue(words.nothingHeard),
    )
    .withPanel(statNow(words.unknownDevices, small, ofGateways('unknownDevices')).noValue(words.nothingHeard))
    .withPanel(statNow(words.linksDown, small, ofGateways('linksDown')).noValue(words.nothingHeard))
    .withPanel(
      table(
        words.heardLast,
        { width: WIDTH, height: 11 },
        [
          influxql(
            `SELECT last("counter") AS "counter", "batteryMv", "rssiDbm", "snrDb", "temperatureC", "device" FROM "reading" WHERE ${WHERE} GROUP BY "section", "slot"`,
            { format: 'table' },
          ),
        ],
        {
          Time: { name: words.lastHeard, unit: 'dateTimeFromNow' },
          section: { name: words.section },
          slot: { name: words.slot, link: toSlotAndHour(setting) },
          counter: { name: words.counter },
          batteryMv: { name: words.battery, unit: battery },
          rssiDbm: { name: words.rssi, unit: unitOf('reading', 'rssiDbm') },
          snrDb: { name: words.snr, unit: unitOf('reading', 'snrDb') },
          temperatureC: { name: words.temperature, unit: unitOf('reading', 'temperatureC') },
          device: { name: words.device, link: toConsoleDevice(setting) },
        },
      )
        .description(words.heardLastHelp)
        .withTransformation(sorted('Time', false)),
    )
    .withPanel(
      new BarGaugeBuilder()
        .title(words.batteries)
        .datasource(HISTORY)
        .span(HALF.width)
        .height(HALF.height)
        .withTarget(
          influxql(
            `SELECT last("batteryMv") AS "battery" FROM "reading" WHERE ${WHERE} GROUP BY "section", "slot"`,
            { alias: '$tag_slot' },
          ),
        )
        .unit(battery)
        .min(2_500)
        .max(3_700)
        .thresholds(LOW_BATTERY)
        .orientation(VizOrientation.Horizontal)
        .displayMode(BarGaugeDisplayMode.Basic)
        .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false))
        .overrideByRegexp('.*', [linked(toSlotOfSeries(setting))]),
    )
    .withPanel(
      timeSeries(words.batteryTrend, HALF, [
        influxql(
          `SELECT min("batteryMv") AS "battery" FROM "reading" WHERE ${WHERE} GROUP BY time($__interval), "slot" fill(none)`,
          { alias: '$tag_slot' },
        ),
      ])
        .interval('1h')
        .unit(battery)
        .thresholds(LOW_BATTERY)
        .overrideByRegexp('.*', [
          { id: 'custom.thresholdsStyle', value: { mode: 'dashed' } },
          linked(toSlotOfSeries(setting)),
        ]),
    )
    .withPanel(
      table(
        words.worstLinks,
        HALF,
        [
          influxql(
            `SELECT mean("rssiDbm") AS "rssi", mean("snrDb") AS "snr", min("rssiDbm") AS "weakest" FROM "reading" WHERE ${WHERE} GROUP BY "section", "slot"`,
            { format: 'table' },
          ),
        ],
        {
          Time: { name: undefined },
          ...slotColumns,
          rssi: { name: words.rssi, unit: unitOf('reading', 'rssiDbm'), decimals: 1 },
          snr: { name: words.snr, unit: unitOf('reading', 'snrDb'), decimals: 1 },
          weakest: { name: words.weakest, unit: unitOf('reading', 'rssiDbm') },
        },
      ).withTransformation(sorted('rssi', false)),
    )
    .withPanel(
      table(
        words.mostSentAgain,
        HALF,
        [
          influxql(
            `SELECT count("counter") AS "heard", sum("backfill") AS "again", sum("backfill") / count("counter") AS "share" FROM "reading" WHERE ${WHERE} GROUP BY "section", "slot"`,
            { format: 'table' },
          ),
        ],
        {
          Time: { name: undefined },
          ...slotColumns,
          heard: { name: words.heard },
          again: { name: words.sentAgain },
          share: { name: words.sentAgainShare, unit: 'percentunit', decimals: 1 },
        },
      ).withTransformation(sorted('share', true)),
    )
    .withPanel(
      table(
        words.temperatures,
        { width: WIDTH, height: 9 },
        [
          influxql(
            `SELECT max("temperatureC") AS "warmest", min("temperatureC") AS "coldest" FROM "reading" WHERE ${WHERE} GROUP BY "section", "slot"`,
            { format: 'table' },
          ),
        ],
        {
          Time: { name: undefined },
          ...slotColumns,
          warmest: { name: words.warmest, unit: unitOf('reading', 'temperatureC'), decimals: 1 },
          coldest: { name: words.coldest, unit: unitOf('reading', 'temperatureC'), decimals: 1 },
        },
      ).withTransformation(sorted('warmest', true)),
    )
}
