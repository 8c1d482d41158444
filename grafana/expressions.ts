import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog'
import type { DataSourceRef } from '@grafana/grafana-foundation-sdk/common'
import { TypeMathBuilder, TypeReduceBuilder } from '@grafana/grafana-foundation-sdk/expr'

/** What Grafana's server computes from the answers of other queries. */
const EXPRESSION: DataSourceRef = { type: '__expr__', uid: '__expr__' }

export const mathematics = (refId: string, expression: string): Builder<Dataquery> =>
  new TypeMathBuilder().refId(refId).datasource(EXPRESSION).expression(expression)

/** The newest value of each series, an input of other expressions only. */
export const newestOf = (refId: string, of: string): Builder<Dataquery> =>
  new TypeReduceBuilder().refId(refId).datasource(EXPRESSION).expression(of).reducer('last').hide(true)
