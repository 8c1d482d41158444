import type { Cell, EvaluationScope } from './evaluation.ts'
import { evaluate, toPattern } from './evaluation.ts'
import type { Tags } from './point-source.ts'
import type { Expression, Reference } from './syntax.ts'

/** What is left of a condition for one series: decided, or to be asked of each of its points. */
export type SeriesFilter = boolean | ((cells: readonly Cell[]) => boolean)

export type FilterScope = {
  /** Whether a name stands for a field here. */
  readonly isField: (reference: Reference) => boolean
  /** How a field or tag is read from a point of this series. */
  readonly createScope: (tags: Tags) => EvaluationScope<readonly Cell[]>
}

/** What the tags of a series say to a condition. A tag that it has not is an empty text, as in InfluxDB. */
export const filterSeries = (
  condition: Expression | undefined,
  tags: Tags,
  scope: FilterScope,
): SeriesFilter => {
  if (condition === undefined) return true
  switch (condition.kind) {
    case 'parentheses':
      return filterSeries(condition.inner, tags, scope)
    case 'boolean':
      return condition.value
    case 'binary': {
      const { operator } = condition
      if (operator === 'AND' || operator === 'OR') {
        const left = filterSeries(condition.left, tags, scope)
        const right = filterSeries(condition.right, tags, scope)
        return combine(operator === 'AND', left, right)
      }
      const decided = compareTag(condition.left, operator, condition.right, tags, scope)
      if (decided !== undefined) return decided
    }
  }
  const { read } = evaluate(condition, scope.createScope(tags))
  return (cells) => read(cells) === true
}

const combine = (isAnd: boolean, left: SeriesFilter, right: SeriesFilter): SeriesFilter => {
  if (typeof left === 'boolean') return left === isAnd ? right : left
  if (typeof right === 'boolean') return right === isAnd ? left : right
  return isAnd ? (cells) => left(cells) && right(cells) : (cells) => left(cells) || right(cells)
}

const compareTag = (
  left: Expression,
  operator: string,
  right: Expression,
  tags: Tags,
  scope: FilterScope,
): boolean | undefined => {
  const readTag = (expression: Expression): string | undefined =>
    expression.kind === 'reference' && !scope.isField(expression) ? (tags[expression.name] ?? '') : undefined
  if (operator === '=~' || operator === '!~') {
    const text = readTag(left)
    return text === undefined ? undefined : toPattern(right).test(text) === (operator === '=~')
  }
  if (operator !== '=' && operator !== '!=') return undefined
  const [tag, other] = readTag(left) === undefined ? [right, left] : [left, right]
  const text = readTag(tag)
  const value = other.kind === 'string' ? other.value : readTag(other)
  return text === undefined || value === undefined ? undefined : (text === value) === (operator === '=')
}
