import { BigValueColorMode, BigValueTextMode, VisibilityMode } from '@grafana/grafana-foundation-sdk/common'
import type { DashboardBuilder } from '@grafana/grafana-foundation-sdk/dashboard'
import { BLOCKED, codeOf, toMappings } from '../codes.ts'
import { influxql, OF_SECTION, OF_SITE } from '../data-sources.ts'
import { siteVariable, startDashboard, tagVariable } from '../frame.ts'
import type { Setting } from '../language.ts'
import { toConsoleEpisode, toSectionAndHour, toSectionOfSeries } from '../links.ts'
import {
  BARS,
  colored,
  linked,
  named,
  stat,
  statNow,
  stateTimeline,
  STEPPED,
  table,
  timeSeries,
  unitOf,
  WIDTH,
} from '../panels.ts'

const WHERE = `${OF_SITE} AND ${OF_SECTION} AND $timeFilter`
const CONFIRMED = `"transition" = ${codeOf('transition', 'confirmed')}`
const CLEARED = `"transition" = ${codeOf('transition', 'cleared')}`

/** The state of every section, its episodes, what is observed of it, and how soon it is cleared. */
export const createEstate = (setting: Setting): DashboardBuilder => {
  const { language, words } = setting
  const states = toMappings('sectionState', language)
  const duration = unitOf('episode', 'durationMs')
  const small = { width: 6, height: 4 }
  return startDashboard('estate', setting, [
    siteVariable(setting),
    tagVariable(
      'section',
      words.sections,
      `SHOW TAG VALUES FROM "coverage" WITH KEY = "section" WHERE ${OF_SITE}`,
    ),
  ])
    .withPanel(
      statNow(words.sectionsNow, { width: WIDTH, height: 7 }, [
        influxql(
          `SELECT last("state") AS "state" FROM "coverage" WHERE ${WHERE} GROUP BY "lane", "section"`,
          {
            alias: '$tag_section',
          },
        ),
      ])
        .description(words.sectionsNowHelp)
        .noValue(words.nothingHeard)
        .mappings(states)
        .colorMode(BigValueColorMode.Background)
        .textMode(BigValueTextMode.ValueAndName)
        .overrideByRegexp('.*', [linked(toSectionOfSeries(setting))]),
    )
    .withPanel(
      stat(words.alarmsOfPeriod, small, [
        influxql(`SELECT count("revision") AS "count" FROM "episode" WHERE ${CONFIRMED} AND ${WHERE}`),
      ]).noValue('0'),
    )
    .withPanel(
      stat(words.clearedOfPeriod, small, [
        influxql(`SELECT count("revision") AS "count" FROM "episode" WHERE ${CLEARED} AND ${WHERE}`),
      ]).noValue('0'),
    )
    .withPanel(
      stat(words.medianTimeToClear, small, [
        influxql(`SELECT median("durationMs") AS "median" FROM "episode" WHERE ${CLEARED} AND ${WHERE}`),
      ])
        .description(words.timeToClearHelp)
        .unit(duration)
        .decimals(1),
    )
    .withPanel(
      stat(words.coverage, small, [
        influxql(`SELECT sum("known") / sum("slots") AS "coverage" FROM "coverage" WHERE ${WHERE}`),
      ])
        .description(words.coverageHelp)
        .unit('percentunit')
        .decimals(1),
    )
    .withPanel(
      stateTimeline(
        words.sectionStates,
        { width: WIDTH, height: 12 },
        [
          influxql(
            `SELECT last("state") AS "state" FROM "coverage" WHERE ${WHERE} GROUP BY time($__interval), "lane", "section" fill(null)`,
            { alias: '$tag_section' },
          ),
        ],
        states,
      )
        .interval('1m')
        .overrideByRegexp('.*', [linked(toSectionOfSeries(setting))]),
    )
    .withPanel(
      timeSeries(words.alarmsOverTime, { width: 12, height: 9 }, [
        influxql(
          `SELECT count("revision") AS "count" FROM "episode" WHERE ${CONFIRMED} AND ${WHERE} GROUP BY time($__interval), "section" fill(0)`,
          { alias: '$tag_section' },
        ),
      ])
        .interval('1h')
        .overrideByRegexp('.*', BARS)
        .unit('short')
        .decimals(0)
        .min(0),
    )
    .withPanel(
      timeSeries(words.timeToClear, { width: 12, height: 9 }, [
        influxql(
          `SELECT median("durationMs") AS "median", percentile("durationMs", 90) AS "worst" FROM "episode" WHERE ${CLEARED} AND ${WHERE} GROUP BY time($__interval) fill(none)`,
          { alias: '$col' },
        ),
      ])
        .description(words.timeToClearHelp)
        .interval('1h')
        .unit(duration)
        .min(0)
        .showPoints(VisibilityMode.Always)
        .overrideByName('median', named(words.median))
        .overrideByName('worst', named(words.worstTenth, [colored(BLOCKED)])),
    )
    .withPanel(
      timeSeries(words.coverageNow, { width: 12, height: 9 }, [
        influxql(
          `SELECT sum("known") / sum("slots") AS "coverage" FROM "coverage" WHERE ${WHERE} GROUP BY time($__interval), "section" fill(null)`,
          { alias: '$tag_section' },
        ),
      ])
        .description(words.coverageHelp)
        .interval('5m')
        .unit('percentunit')
        .min(0)
        .max(1)
        .overrideByRegexp('.*', [STEPPED]),
    )
    .withPanel(
      table(
        words.latestEpisodes,
        { width: 12, height: 9 },
        [
          influxql(
            `SELECT "lane", "section", "transition", "suspect", "durationMs", "id" FROM "episode" WHERE ${WHERE} ORDER BY time DESC LIMIT 200`,
            { format: 'table' },
          ),
        ],
        {
          Time: { name: words.time, width: 170 },
          lane: { name: words.lane },
          section: { name: words.section, link: toSectionAndHour(setting) },
          transition: { name: words.transition, mappings: toMappings('transition', language) },
          suspect: { name: words.suspect, mappings: toMappings('suspect', language) },
          durationMs: { name: words.duration, unit: duration },
          id: { name: words.episode, link: toConsoleEpisode(setting) },
        },
      ),
    )
}
