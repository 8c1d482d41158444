import type { Expression, Field } from './syntax.ts'

/** The names of the columns behind time. What is not named by hand gets a number where it is not unique. */
export const nameColumns = (fields: readonly Field[]): string[] => {
  const counts = new Map<string, number>()
  for (const { alias } of fields) if (alias !== undefined) counts.set(alias, 1)
  return fields.map(({ expression, alias }) => {
    if (alias !== undefined) return alias
    const name = nameOf(expression)
    let count = counts.get(name)
    if (count === undefined) {
      counts.set(name, 1)
      return name
    }
    while (counts.has(`${name}_${count}`)) count++
    counts.set(name, count + 1)
    const numbered = `${name}_${count}`
    counts.set(numbered, (counts.get(numbered) ?? 0) + 1)
    return numbered
  })
}

const nameOf = (expression: Expression): string => {
  switch (expression.kind) {
    case 'reference':
    case 'call':
      return expression.name
    case 'parentheses':
      return nameOf(expression.inner)
    case 'binary':
      return namesIn(expression).join('_')
    default:
      return ''
  }
}

const namesIn = (expression: Expression): string[] => {
  switch (expression.kind) {
    case 'reference':
    case 'call':
      return [expression.name]
    case 'parentheses':
      return namesIn(expression.inner)
    case 'binary':
      return [...namesIn(expression.left), ...namesIn(expression.right)]
    default:
      return []
  }
}
