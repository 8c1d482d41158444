/** What a query says wrong, in InfluxDB's own words; the only thing that parsing and answering throw for a query's sake. */
export class InfluxqlFault extends Error {
  override readonly name = 'InfluxqlFault'
}

/** Of the text at an offset: InfluxDB counts lines and code points from one. */
export const placeOf = (text: string, offset: number): string => {
  const lines = text.slice(0, offset).split(/\r\n|\r|\n/)
  return `line ${lines.length}, char ${Array.from(lines.at(-1) ?? '').length + 1}`
}
