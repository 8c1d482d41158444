import type { HISTORY_CODES } from '@clearlane/protocol'
import type { DashboardBuilder } from '@grafana/grafana-foundation-sdk/dashboard'
import { BLOCKED, CLEAR, codeOf, PRE_ALARM, UNOBSERVED } from '../codes.ts'
import { influxql, OF_SECTION, OF_SITE } from '../data-sources.ts'
import { mathematics } from '../expressions.ts'
import { siteVariable, startDashboard, tagVariable } from '../frame.ts'
import type { Setting } from '../language.ts'
import { toSectionOfRow, toSlotOfRow } from '../links.ts'
import { BARS, colored, named, table, timeSeries, unitOf } from '../panels.ts'

const WHERE = `${OF_SITE} AND ${OF_SECTION} AND $timeFilter`
const HALF = { width: 12, height: 10 }
const BY_TIME = 'GROUP BY time($__interval) fill(0)'

type Transition = (typeof HISTORY_CODES.transition)[number]
const isTransition = (word: Transition): string => `"transition" = ${codeOf('transition', word)}`
const count = (condition: string, refId: string, name: string, isInput = false) =>
  influxql(
    `SELECT count("revision") AS "${name}" FROM "episode" WHERE (${condition}) AND ${WHERE} ${BY_TIME}`,
    { refId, alias: '$col', isInput },
  )

/** What the rules decided, and where they are in doubt. */
export const createRules = (setting: Setting): DashboardBuilder => {
  const { words } = setting
  const duration = unitOf('episode', 'durationMs')
  return startDashboard('rules', setting, [
    siteVariable(setting),
    tagVariable(
      'section',
      words.sections,
      `SHOW TAG VALUES FROM "episode" WITH KEY = "section" WHERE ${OF_SITE}`,
    ),
  ])
    .withPanel(
      table(
        words.byVersion,
        HALF,
        [
          influxql(
            `SELECT "rulesVersion", "durationMs" FROM "episode" WHERE ${isTransition('cleared')} AND ${WHERE}`,
            { format: 'table' },
          ),
        ],
        {
          rulesVersion: { name: words.rulesVersion },
          'durationMs (count)': { name: words.number, unit: 'short' },
          'durationMs (mean)': { name: words.meanDuration, unit: duration, decimals: 1 },
          'durationMs (max)': { name: words.longest, unit: duration, decimals: 1 },
        },
      ).withTransformation({
        id: 'groupBy',
        options: {
          fields: {
            rulesVersion: { operation: 'groupby', aggregations: [] },
            durationMs: { operation: 'aggregate', aggregations: ['count', 'mean', 'max'] },
          },
        },
      }),
    )
    .withPanel(
      timeSeries(words.transitionsOverTime, HALF, [
        count(isTransition('detected'), 'A', 'detected'),
        count(isTransition('confirmed'), 'B', 'confirmed'),
        count(isTransition('escalated'), 'C', 'escalated'),
        count(isTransition('unobserved'), 'D', 'unobserved'),
      ])
        .interval('1h')
        .min(0)
        .overrideByName('detected', named(words.detectedWord, [colored(PRE_ALARM), ...BARS]))
        .overrideByName('confirmed', named(words.alarm, [colored(BLOCKED), ...BARS]))
        .overrideByName('escalated', named(words.escalatedWord, [colored('dark-purple'), ...BARS]))
        .overrideByName('unobserved', named(words.unobservedWord, [colored(UNOBSERVED), ...BARS])),
    )
    .withPanel(
      timeSeries(words.ends, HALF, [
        count(isTransition('cleared'), 'A', 'cleared'),
        count(isTransition('passed'), 'B', 'passed'),
        count(isTransition('voided'), 'C', 'voided'),
        count(isTransition('ended-by-hand'), 'D', 'byHand'),
      ])
        .description(words.endsHelp)
        .interval('1h')
        .min(0)
        .overrideByName('cleared', named(words.clearedWord, [colored(CLEAR), ...BARS]))
        .overrideByName('passed', named(words.passed, [colored('blue'), ...BARS]))
        .overrideByName('voided', named(words.voided, [colored(PRE_ALARM), ...BARS]))
        .overrideByName('byHand', named(words.endedByHand, [colored('purple'), ...BARS])),
    )
    .withPanel(
      timeSeries(words.doubtfulShare, HALF, [
        count(`${isTransition('voided')} OR ${isTransition('ended-by-hand')}`, 'A', 'doubtful', true),
        count(isTransition('confirmed'), 'B', 'alarms', true),
        mathematics('SHARE', '$A / $B'),
      ])
        .description(`${words.doubtfulShareHelp} ${words.endsHelp}`)
        .interval('1d')
        .unit('percentunit')
        .min(0)
        .overrideByQuery('SHARE', named(words.doubtfulShare)),
    )
    .withPanel(
      table(
        words.flapping,
        HALF,
        [
          influxql(
            `SELECT count("revision") AS "count" FROM "episode" WHERE ${isTransition('detected')} AND ${WHERE} GROUP BY "lane", "section"`,
            { format: 'table' },
          ),
        ],
        {
          Time: { name: undefined },
          lane: { name: words.lane },
          section: { name: words.section, link: toSectionOfRow(setting) },
          count: { name: words.number },
        },
      )
        .description(words.flappingHelp)
        .withTransformation({ id: 'sortBy', options: { sort: [{ field: 'count', desc: true }] } }),
    )
    .withPanel(
      table(
        words.flappingSlots,
        HALF,
        [
          influxql(
            `SELECT count("presence") AS "count" FROM "presence" WHERE ${WHERE} GROUP BY "section", "slot"`,
            { format: 'table' },
          ),
        ],
        {
          Time: { name: undefined },
          section: { name: words.section },
          slot: { name: words.slot, link: toSlotOfRow(setting) },
          count: { name: words.number },
        },
      )
        .description(words.flappingSlotsHelp)
        .withTransformation({ id: 'sortBy', options: { sort: [{ field: 'count', desc: true }] } }),
    )
}
