import type { SeriesAnswer } from './answer.ts'
import type { QueryLimits } from './budget.ts'
import { createBudget, DEFAULT_LIMITS } from './budget.ts'
import { InfluxqlFault } from './fault.ts'
import { parseInfluxql } from './parse.ts'
import type { Databases } from './point-source.ts'
import { answerSelect } from './select.ts'
import { answerShow } from './show.ts'

export type InfluxqlRequest = {
  readonly query: string
  readonly database?: string | undefined
  readonly retentionPolicy?: string | undefined
}

/** What a query is answered with: a fault as a whole when it cannot be read, else one answer a statement. */
export type InfluxqlAnswer =
  | { readonly fault: string }
  | { readonly statements: readonly (readonly SeriesAnswer[] | { readonly fault: string })[] }

export type InfluxqlOptions = {
  readonly databases: Databases
  readonly limits?: Partial<QueryLimits>
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** Answers InfluxQL as InfluxDB 1.x does. All statements of a request share its limits. */
export const answerInfluxql = (
  { query, database, retentionPolicy }: InfluxqlRequest,
  { databases, limits, now }: InfluxqlOptions,
): InfluxqlAnswer => {
  const statements = refused(() => parseInfluxql(query))
  if (!Array.isArray(statements)) return { fault: `error parsing query: ${statements.fault}` }
  if (statements.length === 0) return { fault: 'missing required parameter "q"' }
  const nowMs = now()
  const budget = createBudget({ ...DEFAULT_LIMITS, ...limits }, now)
  const context = { databases, database, retentionPolicy, nowMs, budget }
  return {
    statements: statements.map((statement) =>
      refused(() =>
        statement.kind === 'select' ? answerSelect(statement, context) : answerShow(statement, context),
      ),
    ),
  }
}

const refused = <T>(work: () => T): T | { readonly fault: string } => {
  try {
    return work()
  } catch (cause) {
    if (cause instanceof InfluxqlFault) return { fault: cause.message }
    throw cause
  }
}
