import { END_MS, START_MS } from './testing-influxql.ts'

const TIME = `time >= ${START_MS}ms and time <= ${END_MS}ms`
const AN_HOUR = `time >= ${START_MS + 600_000}ms and time <= ${START_MS + 4_200_000}ms`
const LEGACY_TIME = `time > ${START_MS / 1_000}s and time < ${END_MS / 1_000}s`

/** What Grafana's query builder puts around a field, each alone and before a calculation. */
const AGGREGATIONS = ['count', 'distinct', 'integral', 'mean', 'median', 'mode', 'sum']
const SELECTORS = ['bottom', 'first', 'last', 'max', 'min', 'percentile', 'top']
const TRANSFORMATIONS = [
  'derivative',
  'non_negative_derivative',
  'difference',
  'non_negative_difference',
  'cumulative_sum',
  'elapsed',
  'moving_average',
]
const PARAMETERS: Readonly<Record<string, string>> = {
  bottom: ', 3',
  top: ', 3',
  percentile: ', 95',
  derivative: ', 10s',
  non_negative_derivative: ', 10s',
  elapsed: ', 10s',
  moving_average: ', 10',
}
const call = (name: string, inner: string): string => `${name}(${inner}${PARAMETERS[name] ?? ''})`
const WINDOWS = `GROUP BY time(5m) fill(null)`

/** The shapes that Grafana's InfluxDB data source sends: health check, variables, panels, annotations. */
export const GRAFANA_QUERIES: readonly string[] = [
  'SHOW measurements',
  'SHOW MEASUREMENTS LIMIT 1',
  'SHOW RETENTION POLICIES on "estate"',
  'SHOW FIELD KEYS',
  'SHOW FIELD KEYS FROM "reading"',
  'SHOW FIELD KEYS FROM "autogen"."reading"',
  'SHOW FIELD KEYS FROM /^rea/',
  'SHOW TAG KEYS',
  'SHOW TAG KEYS FROM "reading"',
  'SHOW TAG KEYS FROM "reading" WHERE "site" = \'north\'',
  'SHOW TAG VALUES FROM "reading" WITH KEY = "slot"',
  'SHOW TAG VALUES WITH KEY = "site"',
  'SHOW TAG VALUES FROM "reading" WITH KEY = "slot" WHERE "site" =~ /^north$/ AND "slot" != \'a1\'',
  'SHOW TAG VALUES FROM "autogen"."reading" WITH KEY = "slot"',
  'SHOW MEASUREMENTS WITH MEASUREMENT =~ /(?i)READ/ LIMIT 100',
  'SHOW MEASUREMENTS WHERE "site" = \'north\' LIMIT 100',
  'SHOW MEASUREMENTS WHERE "kind" != \'lithium\' LIMIT 100',
  ...['mean', 'last'].flatMap((name) => [
    `SELECT ${name}("x") FROM "reading" WHERE ("slot"::tag = 'a1' AND "site"::tag =~ /^(north|south)$/) AND ${TIME} GROUP BY time(10m), "slot"::tag fill(null) ORDER BY time ASC`,
    `SELECT ${name}("x") AS "field", ${name}("temperature") FROM "reading" WHERE ${TIME} GROUP BY time(1h), "site"::tag, "slot"::tag fill(previous) ORDER BY time DESC limit 100 slimit 5 tz('Asia/Shanghai')`,
  ]),
  ...[...AGGREGATIONS, ...SELECTORS].flatMap((name) => {
    const field = name === 'integral' ? 'temperature' : name === 'mode' ? 'revision' : 'x'
    const measurement = name === 'mode' ? 'fire episode' : 'reading'
    const made = call(name, `"${field}"`)
    return [
      `SELECT ${made} FROM "${measurement}" WHERE ${AN_HOUR} GROUP BY time(5m) fill(none)`,
      `SELECT ${made} FROM "${measurement}" WHERE ${AN_HOUR} GROUP BY "site"`,
      ...(name === 'distinct'
        ? []
        : [`SELECT ${made} / 100 AS "alias" FROM "${measurement}" WHERE ${TIME} ${WINDOWS}`]),
    ]
  }),
  ...TRANSFORMATIONS.flatMap((name) => [
    `SELECT ${call(name, 'mean("x")')} FROM "reading" WHERE ${TIME} ${WINDOWS}`,
    `SELECT ${call(name, 'max("temperature")')} * 2 AS "twice" FROM "reading" WHERE ${TIME} GROUP BY time(10m), "slot"::tag fill(linear)`,
    `SELECT ${call(name, '"temperature"')} FROM "reading" WHERE "slot" = 'a1' AND ${AN_HOUR}`,
  ]),
  ...['spread', 'stddev'].map((name) => `SELECT ${name}("x") FROM "reading" WHERE ${TIME} ${WINDOWS}`),
  `SELECT count(distinct("state")) FROM "reading" WHERE ${TIME} GROUP BY time(1h) fill(0)`,
  `SELECT "x" FROM "reading" WHERE ("site"::tag = 'north') AND ${AN_HOUR}`,
  `SELECT * FROM "reading" WHERE ${AN_HOUR}`,
  `SELECT mean("x") FROM /^(reading|battery)$/ WHERE ${TIME} GROUP BY time(1h) fill(null)`,
  `SELECT mean("x") FROM "estate"."autogen"."reading" WHERE "x"::field > 10 AND ${TIME} GROUP BY time(1h) fill(null)`,
  `select "minutes", "lane", "site" from "fire episode" where ${LEGACY_TIME} order by time desc limit 20`,
  `SELECT mean("x") FROM "reading" WHERE "ok" = true AND ${TIME} GROUP BY time(1h) fill(null); SELECT last("state") FROM "reading" WHERE ${LEGACY_TIME}`,
  `SELECT mean("temperature") FROM "reading" WHERE ${TIME} GROUP BY time(1d), "site" fill(null) tz('Europe/Berlin')`,
]

/** What people write by hand. */
export const MORE_QUERIES: readonly string[] = [
  'SHOW SERIES',
  'SHOW SERIES FROM "battery" WHERE "kind" = \'lithium\' LIMIT 3 OFFSET 1',
  'SHOW TAG VALUES WITH KEY IN ("site", "lane") LIMIT 2',
  'SHOW TAG VALUES WITH KEY =~ /s/ OFFSET 1',
  'SHOW TAG VALUES WITH KEY != "site"',
  'SHOW TAG KEYS LIMIT 1 OFFSET 1',
  'SHOW FIELD KEYS LIMIT 2',
  'SHOW MEASUREMENTS ON "nowhere"',
  'SELECT mean("x") FROM "nothing"',
  'SELECT "nothing" FROM "reading"',
  'SELECT "slot" FROM "reading"',
  'SELECT count("slot") FROM "reading"',
  `SELECT mean("nothing"), mean("x") FROM "reading" WHERE ${TIME}`,
  'SELECT mean(*), "x" FROM "reading" WHERE false',
  'SELECT count(*) FROM "reading"',
  `SELECT last(/^(x|state)$/) FROM "reading" WHERE ${TIME} GROUP BY *`,
  `SELECT mean(*) FROM "reading", "battery" WHERE ${TIME} GROUP BY time(2h), * fill(none)`,
  'SELECT first("x"), last("x") FROM "reading" GROUP BY "site"',
  'SELECT *::field FROM "battery" LIMIT 5',
  'SELECT *::tag, "level" FROM "battery" LIMIT 5',
  'SELECT "x"::float, "temperature"::integer FROM "reading" LIMIT 20',
  'SELECT "x" + "y", "x" - 1, "x" / "y", "x" % 7, -"x", "x" & 15, "x" * 1.5 FROM "reading" LIMIT 30',
  'SELECT abs("x"), sqrt("y"), round("temperature"), floor("temperature"), pow("y", 2) FROM "reading" LIMIT 30',
  'SELECT mean("x") AS a, max("x") AS a, min("x"), min("x") FROM "reading"',
  'SELECT "x", "x", "x" AS "x_1" FROM "reading" LIMIT 3',
  'SELECT time AS "when", "x" FROM "reading" LIMIT 3',
  `SELECT "x", "state" FROM "reading" WHERE ${AN_HOUR} fill(previous)`,
  `SELECT "x", "y" FROM "reading" WHERE ${AN_HOUR} fill(0)`,
  `SELECT top("x", "slot", 2) FROM "reading" WHERE ${TIME}`,
  `SELECT bottom("x", "site", "slot", 3) FROM "reading" WHERE ${TIME} GROUP BY time(2h)`,
  `SELECT max("x"), "slot", "y" FROM "reading" WHERE ${TIME} GROUP BY time(1h)`,
  `SELECT distinct("state") FROM "reading" WHERE ${TIME} GROUP BY time(2h)`,
  'SELECT DISTINCT "y" FROM "reading"',
  'SELECT mode("ok") FROM "reading"',
  `SELECT count("x") FROM "reading" WHERE time > '2026-03-28 23:00:00' AND time <= '2026-03-29T02:00:00.5Z' GROUP BY time(30m)`,
  `SELECT count("x") FROM "reading" WHERE time > '2026-03-29' - 1h AND time < '2026-03-29' + 1h tz('Europe/Berlin')`,
  `SELECT count("x") FROM "reading" WHERE time = ${START_MS}ms OR "x" > 0`,
  `SELECT mean("x") FROM "reading" WHERE ${TIME} GROUP BY time(1h, -15m) fill(linear)`,
  `SELECT mean("x") FROM "reading" WHERE ${TIME} GROUP BY time(1d) fill(0) tz('America/New_York')`,
  `SELECT "x" FROM "reading" WHERE "x" * 2 > "y" + 800`,
  `SELECT "x" FROM "reading" WHERE "state" =~ /^un/ AND "ok" != false`,
  `SELECT "x" FROM "reading" WHERE "x" / 100 = 4 LIMIT 10`,
  `SELECT "level" FROM "battery" WHERE "kind" !~ /./ OR "level" > 99`,
  `SELECT "x" FROM "reading" WHERE "slot" != 'a1' AND "nothing" != 'b'`,
  `SELECT difference(first("x")) FROM "reading" WHERE ${TIME} GROUP BY time(1h), "slot" ORDER BY time DESC`,
  `SELECT moving_average(difference(mean("x")), 3) FROM "reading" WHERE ${TIME} GROUP BY time(10m)`,
  `SELECT mean("x") FROM "reading" WHERE ${TIME} GROUP BY time(1h), "site" SLIMIT 1 SOFFSET 1`,
]

/** What both refuse, in the same words. */
export const FAULTS: readonly string[] = [
  'selec',
  'select from x',
  'select x from',
  'select mean(x from reading',
  'select x y from reading',
  'select mean(x) from reading group by time(1x)',
  'select x from reading where site =~ /(/',
  'select x from reading where site =~ north',
  'select x from reading limit y',
  'select x from reading order by x',
  'select x from reading fill(most)',
  "select x from reading tz('Moon/Base')",
  'show tag values',
  'show tag values with key x',
  'show retention',
  'select nope(x) from reading',
  'select mean(x), x from reading',
  'select max(x), min(x), y from reading',
  'select mean(x, 2) from reading',
  'select percentile(x) from reading',
  'select percentile(x, y) from reading',
  'select derivative(x, 0s) from reading',
  'select derivative(mean(x)) from reading',
  'select derivative(x) from reading group by time(1m)',
  'select moving_average(x, 1) from reading',
  'select top(x, 0) from reading',
  'select distinct(x), y from reading',
  'select mean(x + y) from reading',
  'select 1 from reading',
  'select 1 + 2 from reading',
  'select time from reading',
  'select x from reading fill(none)',
  'select x from reading group by time(1m)',
  'select mean(x) from reading group by time()',
  'select mean(x) from reading group by time(5)',
  'select mean(x) from reading group by time(1m), time(2m)',
  'select mean(x) from reading group by mean(x)',
  'select x + state from reading',
  'select x from reading where time > foo',
  'select x from reading where time != 0',
  "select x from reading where time > '2026-13-01'",
  'select x from reading where x',
  'select x from reading where mean(x) > 1',
  'select x from nowhere.autogen.reading',
  'select x from "other".reading',
  'show measurements where time > 0',
]
