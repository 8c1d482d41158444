import type { ByteReader, ByteWriter } from './bytes.ts'
import { varintLength } from './bytes.ts'

/** One value of one row; undefined where it is not known. */
export type Cell = number | string | undefined
export type Column = ArrayLike<Cell>

/**
 * ```
 *  flags ─ 1: some rows have no value, a bitmap of those that have one follows
 *        └ the other bits: integers, doubles or text
 *  integers: form (order of differences, runs, decimals), then zigzag varints
 *  doubles:  eight bytes each
 *  text:     distinct texts in order of their first row, then the place of each row's, as integers
 * ```
 */
const HAS_BITMAP = 1
const KINDS = { integers: 0, doubles: 2, text: 4 } as const
/** Integers are stored as they are, as differences, or as differences of those, whatever is shortest; 4 says in runs. */
const IN_RUNS = 4
const DECIMALS_SHIFT = 3
/** Decimals that a number may have so that it is stored as an integer: sensors say tenths. */
const FACTORS = [1, 10, 100, 1_000] as const
/** Zigzag doubles a number. Microseconds since 1970 stay below until 2112. */
const MAX_INTEGER = 2 ** 52 - 1

/**
 * All values of a column are of one kind. A column without values is not to be written. What is soon written again
 * need not be as short as it can be.
 */
export const writeColumn = (writer: ByteWriter, column: Column, isBrief: boolean): void => {
  const values = toValues(column)
  const isPartial = values.length < column.length
  const texts = typeof values[0] === 'string' ? (values as ArrayLike<string>) : undefined
  const factor = texts === undefined ? findFactor(values as ArrayLike<number>) : -1
  const kind = texts !== undefined ? KINDS.text : factor < 0 ? KINDS.doubles : KINDS.integers
  writer.byte((isPartial ? HAS_BITMAP : 0) | kind)
  if (isPartial) writeBitmap(writer, column)
  if (texts !== undefined) writeTexts(writer, texts, isBrief)
  else if (factor < 0) for (let row = 0; row < values.length; row++) writer.double(Number(values[row]))
  else writeIntegers(writer, toIntegers(values as ArrayLike<number>, FACTORS[factor]!), factor, isBrief)
}

const toValues = (column: Column): ArrayLike<number | string> => {
  let row = 0
  while (row < column.length && column[row] !== undefined) row++
  if (row === column.length) return column as ArrayLike<number | string>
  return Array.from(column).filter((cell) => cell !== undefined)
}

export const readColumn = (reader: ByteReader, rows: number): Column => {
  const flags = reader.byte()
  const bitmap = (flags & HAS_BITMAP) === 0 ? undefined : reader.bytes(Math.ceil(rows / 8))
  let count = rows
  if (bitmap !== undefined) {
    count = 0
    for (let row = 0; row < rows; row++) count += hasValue(bitmap, row) ? 1 : 0
  }
  const values = readValues(reader, flags & ~HAS_BITMAP, count)
  if (bitmap === undefined) return values
  let at = 0
  return Array.from({ length: rows }, (_, row) => (hasValue(bitmap, row) ? values[at++] : undefined))
}

const readValues = (reader: ByteReader, kind: number, count: number): Column => {
  if (kind === KINDS.integers) return readIntegers(reader, count)
  if (kind === KINDS.text) return readTexts(reader, count)
  return Float64Array.from({ length: count }, () => reader.double())
}

const writeBitmap = (writer: ByteWriter, column: Column): void => {
  for (let first = 0; first < column.length; first += 8) {
    let bits = 0
    for (let bit = 0; bit < 8; bit++) if (column[first + bit] !== undefined) bits |= 1 << bit
    writer.byte(bits)
  }
}
const hasValue = (bitmap: Uint8Array, row: number): boolean => ((bitmap[row >> 3]! >> (row & 7)) & 1) === 1

const writeTexts = (writer: ByteWriter, values: ArrayLike<string>, isBrief: boolean): void => {
  const places = new Map<string, number>()
  const own = new Float64Array(values.length)
  for (let row = 0; row < values.length; row++) {
    const place = places.get(values[row]!) ?? places.size
    if (place === places.size) places.set(values[row]!, place)
    own[row] = place
  }
  writer.varint(places.size)
  for (const text of places.keys()) {
    const bytes = Buffer.from(text)
    writer.varint(bytes.length)
    writer.bytes(bytes)
  }
  writeIntegers(writer, own, 0, isBrief)
}
const readTexts = (reader: ByteReader, count: number): Column => {
  const texts = Array.from({ length: reader.varint() }, () => {
    const bytes = reader.bytes(reader.varint())
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()
  })
  return Array.from(readIntegers(reader, count), (place) => texts[place])
}

/** With how many decimals all numbers are exact; -1 when they need all the digits that they have. */
const findFactor = (numbers: ArrayLike<number>): number =>
  FACTORS.findIndex((factor) => isExact(numbers, factor))
const isExact = (numbers: ArrayLike<number>, factor: number): boolean => {
  for (let row = 0; row < numbers.length; row++) {
    const scaled = Math.round(numbers[row]! * factor)
    if (!(Math.abs(scaled) <= MAX_INTEGER) || scaled / factor !== numbers[row]) return false
  }
  return true
}
const toIntegers = (numbers: ArrayLike<number>, factor: number): Float64Array => {
  const integers = new Float64Array(numbers.length)
  for (let row = 0; row < numbers.length; row++) integers[row] = Math.round(numbers[row]! * factor)
  return integers
}

const writeIntegers = (
  writer: ByteWriter,
  values: Float64Array,
  decimals: number,
  isBrief: boolean,
): void => {
  const { form, residuals } = isConstant(values)
    ? toOrder(values, 0)
    : ((isBrief ? toBrief(values) : undefined) ?? toShortest(values))
  writer.byte(form | (decimals << DECIMALS_SHIFT))
  if ((form & IN_RUNS) === 0) return writer.varints(residuals)
  for (let row = 0; row < residuals.length;) {
    let run = 1
    while (residuals[row + run] === residuals[row]) run++
    writer.varint(residuals[row]!)
    writer.varint(run)
    row += run
  }
}

const isConstant = (values: Float64Array): boolean => {
  for (let row = 1; row < values.length; row++) if (values[row] !== values[0]) return false
  return true
}

/** Differences, without looking whether they are shorter; undefined where they are not exact. */
const toBrief = (values: Float64Array) => {
  const residuals = new Float64Array(values.length)
  let before = 0
  for (let row = 0; row < values.length; row++) {
    const residual = toZigzag(values[row]! - before)
    if (residual > Number.MAX_SAFE_INTEGER) return undefined
    residuals[row] = residual
    before = values[row]!
  }
  return { form: 1, residuals }
}

const toShortest = (values: Float64Array) => {
  let shortest = toOrder(values, 0)
  let differences = values
  for (const order of [1, 2]) {
    differences = toDifferences(differences)
    const own = toOrder(differences, order)
    if (own.length < shortest.length) shortest = own
  }
  return shortest
}

const toDifferences = (values: Float64Array): Float64Array => {
  const differences = new Float64Array(values.length)
  let before = 0
  for (let row = 0; row < values.length; row++) {
    differences[row] = values[row]! - before
    before = values[row]!
  }
  return differences
}

/** In runs where that is shorter than one by one. */
const toOrder = (values: Float64Array, order: number) => {
  const residuals = new Float64Array(values.length)
  let [plain, runs, run, before] = [0, 0, 0, -1]
  for (let row = 0; row < values.length; row++) {
    const residual = toZigzag(values[row]!)
    residuals[row] = residual
    // Differences of numbers that large are not exact: they stay as they are.
    const length = residual > Number.MAX_SAFE_INTEGER ? Number.POSITIVE_INFINITY : varintLength(residual)
    plain += length
    if (residual === before) run++
    else {
      runs += length + (run === 0 ? 0 : varintLength(run))
      run = 1
      before = residual
    }
  }
  if (run > 0) runs += varintLength(run)
  return runs < plain
    ? { form: order | IN_RUNS, length: runs, residuals }
    : { form: order, length: plain, residuals }
}

const toZigzag = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value)

const readIntegers = (reader: ByteReader, count: number): Float64Array => {
  const form = reader.byte()
  const values = new Float64Array(count)
  for (let row = 0; row < count;) {
    const residual = reader.varint()
    const value = residual % 2 === 0 ? residual / 2 : -(residual + 1) / 2
    const end = (form & IN_RUNS) === 0 ? row + 1 : Math.min(count, row + reader.varint())
    // A run of nothing would never end.
    if (end === row) throw new Error('a run has no length')
    while (row < end) values[row++] = value
  }
  for (let order = form & 3; order > 0; order--)
    for (let row = 1; row < count; row++) values[row]! += values[row - 1]!
  const factor = FACTORS[form >> DECIMALS_SHIFT] ?? 1
  if (factor !== 1) for (let row = 0; row < count; row++) values[row]! /= factor
  return values
}
