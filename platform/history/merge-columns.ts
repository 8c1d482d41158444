import type { Columns } from './block.ts'
import type { Cell, Column } from './column.ts'

/**
 * Rows of several origins, older ones first, as one: in order of their key, each once. Of the same row the later one
 * says what it knows, and the earlier one the rest.
 */
export const mergeColumns = (origins: readonly Columns[], key: readonly number[]): Columns => {
  const [only] = origins
  const joined = origins.length === 1 && only !== undefined ? only : join(origins)
  return isAscending(joined.columns[key[0]!]) ? joined : sort(joined, key)
}

const join = (origins: readonly Columns[]): Columns => {
  const rows = origins.reduce((sum, origin) => sum + origin.rows, 0)
  const places = Math.max(0, ...origins.map(({ columns }) => columns.length))
  const columns = Array.from({ length: places }, (_, place): Column | undefined => {
    const own = origins.map((origin) => origin.columns[place])
    if (own.every((column) => column === undefined)) return undefined
    if (own.every((column) => column instanceof Float64Array)) return joinNumbers(rows, own)
    const joined: Cell[] = []
    for (const [index, column] of own.entries())
      for (let row = 0; row < origins[index]!.rows; row++) joined.push(column?.[row])
    return joined
  })
  return { rows, columns }
}

const joinNumbers = (rows: number, columns: readonly Float64Array[]): Float64Array => {
  const joined = new Float64Array(rows)
  let at = 0
  for (const column of columns) {
    joined.set(column, at)
    at += column.length
  }
  return joined
}

/** Each row behind the one before it, so that no two are the same. */
const isAscending = (column: Column | undefined): boolean => {
  for (let row = 1; row < (column?.length ?? 0); row++) if (!(column![row]! > column![row - 1]!)) return false
  return true
}

const sort = ({ rows, columns }: Columns, key: readonly number[]): Columns => {
  const compare = (a: number, b: number): number => {
    for (const place of key) {
      const [left, right] = [columns[place]![a]!, columns[place]![b]!]
      if (left !== right) return left < right ? -1 : 1
    }
    return 0
  }
  // Sorting is stable: the later one stays behind the earlier one.
  const order = Array.from({ length: rows }, (_, row) => row).sort(compare)
  const firsts = order.flatMap((row, at) => (at > 0 && compare(order[at - 1]!, row) === 0 ? [] : [at]))
  return {
    rows: firsts.length,
    columns: columns.map((column) => {
      if (column === undefined) return undefined
      return firsts.map((first, index) => {
        const end = firsts[index + 1] ?? rows
        let at = end - 1
        while (at > first && column[order[at]!] === undefined) at--
        return column[order[at]!]
      })
    }),
  }
}
