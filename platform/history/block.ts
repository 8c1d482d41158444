import { crc32 } from 'node:zlib'
import { createByteReader, createByteWriter } from './bytes.ts'
import type { Column } from './column.ts'
import { readColumn, writeColumn } from './column.ts'

/**
 * Rows by column, each column as short as its values allow, so that whoever wants two of them reads two:
 *
 * ```
 *  version │ rows │ columns │ (place, bytes) of each │ the columns, one after another │ CRC-32 of all before
 *   1 B    │ varint  varint │  1 B     varint        │                                │ 4 B
 * ```
 *
 * A column that has no value in any row takes nothing.
 */
export type Block = {
  readonly rows: number
  /** The values of a column, of all rows; undefined when it has none. */
  column(place: number): Column | undefined
}

/** Rows of any origin, by column; undefined where no row has a value. */
export type Columns = { readonly rows: number; readonly columns: readonly (Column | undefined)[] }

const VERSION = 1
const CHECKSUM_BYTES = 4
const body = createByteWriter()
const head = createByteWriter()

/** `isBrief`: it is soon written again, so that time counts more than room. */
export const encodeBlock = ({ rows, columns }: Columns, isBrief = false): Uint8Array => {
  const filled = columns.flatMap((column, place) =>
    column === undefined || isEmpty(column) ? [] : [{ column, place }],
  )
  head.byte(VERSION)
  head.varint(rows)
  head.varint(filled.length)
  for (const { column, place } of filled) {
    const before = body.length()
    writeColumn(body, column, isBrief)
    head.byte(place)
    head.varint(body.length() - before)
  }
  head.bytes(body.take())
  const bytes = head.take()
  const block = Buffer.alloc(bytes.length + CHECKSUM_BYTES)
  block.set(bytes)
  block.writeUInt32LE(crc32(bytes), bytes.length)
  return block
}

const isEmpty = (column: Column): boolean => {
  for (let row = 0; row < column.length; row++) if (column[row] !== undefined) return false
  return true
}

/** Throws when its bytes are not what was written. */
export const openBlock = (bytes: Uint8Array): Block => {
  const end = bytes.length - CHECKSUM_BYTES
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (end < 3 || view.getUint32(end, true) !== crc32(bytes.subarray(0, end)))
    throw new Error('its checksum is wrong')
  if (bytes[0] !== VERSION) throw new Error(`its version is ${bytes[0]}`)
  const reader = createByteReader(bytes, 1)
  const rows = reader.varint()
  const directory = Array.from({ length: reader.varint() }, () => [reader.byte(), reader.varint()] as const)
  const places = new Map(directory.map(([place, length]) => [place, reader.bytes(length)]))
  return {
    rows,
    column: (place) => {
      const own = places.get(place)
      return own === undefined ? undefined : readColumn(createByteReader(own), rows)
    },
  }
}
