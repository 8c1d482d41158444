import fc from 'fast-check'
import { expect, test } from 'vitest'
import { InfluxqlFault } from './fault.ts'
import { parseInfluxql } from './parse.ts'
import { printStatement } from './print.ts'
import { statements } from './testing-queries.ts'

test('a statement is printed as a text that is parsed to the same tree', () => {
  fc.assert(
    fc.property(statements, (statement) => {
      expect(parseInfluxql(printStatement(statement))).toEqual([statement])
    }),
    { numRuns: 2_000 },
  )
})

test.each([
  `SELECT mean("x") FROM "reading" WHERE ("slot" =~ /^(a1|b1)$/ AND "site"::tag = 'north') AND time >= 1700000000000ms and time <= 1700000600000ms GROUP BY time(10s), "slot"::tag fill(null) ORDER BY time DESC limit 10 slimit 3 tz('Asia/Shanghai')`,
  `select -x * 2 + 1.50, "a.b"::float as "b" from db..m, rp./a\\/b/, /c/ where a > -5 or not_b = true`,
  'select count(distinct(x)), top(x, slot, 3), distinct y from m group by *, time(1h30m, -15m) fill(-1.5);show databases',
  'select 2 / -x, 2 - -1, -(x), a - (b - c), -1 * y from m',
  'SHOW TAG VALUES ON "s" FROM "m" WITH KEY IN ("a", b) WHERE "c" != \'d\' LIMIT 3 OFFSET 4;',
  'show measurements with measurement =~ /(?i)read/ limit 100; show field keys; show series from m; show tag keys',
  `select "x" -- a remark\n from /* another */ m where time > '2026-01-01T00:00:00Z' - 1d`,
])('%s is the same after printing', (text) => {
  const tree = parseInfluxql(text)
  expect(tree.length).toBeGreaterThan(0)
  expect(parseInfluxql(tree.map(printStatement).join('; '))).toEqual(tree)
})

test('operators bind as in InfluxDB, and to the left', () => {
  const [statement] = parseInfluxql('select 1 + a * b - c from m where p = 1 or q = 2 and r = 3')
  const name = (value: string) => ({ kind: 'reference', name: value })
  const binary = (left: unknown, operator: string, right: unknown) => ({
    kind: 'binary',
    operator,
    left,
    right,
  })
  const is = (key: string, value: bigint) => binary(name(key), '=', { kind: 'integer', value })
  expect(statement).toMatchObject({
    fields: [
      {
        expression: binary(
          binary({ kind: 'integer', value: 1n }, '+', binary(name('a'), '*', name('b'))),
          '-',
          name('c'),
        ),
      },
    ],
    condition: binary(is('p', 1n), 'OR', binary(is('q', 2n), 'AND', is('r', 3n))),
  })
})

test.each([
  [
    'selec',
    'found selec, expected SELECT, DELETE, SHOW, CREATE, DROP, EXPLAIN, GRANT, REVOKE, ALTER, SET, KILL at line 1, char 1',
  ],
  ['select from x', 'found FROM, expected identifier, string, number, bool at line 1, char 8'],
  ['select x\nfrom\n', 'found EOF, expected identifier at line 3, char 1'],
  ['select mean(x from reading', 'found FROM, expected ) at line 1, char 15'],
  ['select mean(x) from m group by time(1x)', 'invalid duration'],
  ['select x from m where a =~ b', 'found b, expected regex at line 1, char 28'],
  ['select x from m where a =~ /(/', 'error parsing regexp: missing closing ): `(` at line 1, char 27'],
  [
    "select x from reading where site = 'north",
    'found north, expected identifier, string, number, bool at line 1, char 36',
  ],
  ['select x from m limit y', 'found y, expected integer at line 1, char 23'],
  ['select x from m order by x', 'only ORDER BY time supported at this time'],
  ["select x from m tz('Moon/Base')", 'unable to find time zone Moon/Base'],
  ['select x from m fill(most)', 'expected number argument in fill()'],
  ['select x from m select', 'found SELECT, expected ; at line 1, char 17'],
  ['select x from (select x from m)', 'subqueries are not supported at line 1, char 15'],
  ['drop measurement m', 'DROP is not supported at line 1, char 1'],
  ['select x into y from m', 'INTO is not supported at line 1, char 10'],
  [
    'show users',
    'found USERS, expected DATABASES, FIELD, MEASUREMENTS, RETENTION, SERIES, TAG at line 1, char 6',
  ],
  [`select x from m where ${'('.repeat(200_000)}`, 'the query has more than 100000 characters'],
  [`select x from m where ${'('.repeat(90_000)}`, 'nested deeper than 100'],
  [`select ${'1+'.repeat(40_000)}x from m`, 'more than 2000 terms'],
])('%.40s is refused: %s', (text, message) => {
  expect(() => parseInfluxql(text)).toThrow(new InfluxqlFault(message))
})

test('whatever comes is parsed or refused with a fault of ours', () => {
  const word = fc.constantFrom(
    ...'select from where group by time fill tz order limit show tag values key keys with in x m now distinct'.split(
      ' ',
    ),
    ...'( ) , ; . :: * / + - = != =~ !~ < >= \' " \\ $ -- /* */ /a/ 1 1.5 10s 1h and or true'.split(' '),
  )
  const soup = fc.array(fc.oneof({ weight: 9, arbitrary: word }, fc.string({ maxLength: 3 })), {
    maxLength: 30,
  })
  const started = fc.tuple(fc.constantFrom('', 'select x from m where ', 'select ', 'show tag values '), soup)
  fc.assert(
    fc.property(started, fc.constantFrom('', ' '), ([start, words], space) => {
      try {
        parseInfluxql(start + words.join(space))
      } catch (cause) {
        expect(cause).toBeInstanceOf(InfluxqlFault)
      }
    }),
    { numRuns: 5_000 },
  )
})
