/** A query as a tree. Integers and durations are exact: nanoseconds since 1970 do not fit a number. */
export type BinaryOperator =
  | '+'
  | '-'
  | '*'
  | '/'
  | '%'
  | '&'
  | '|'
  | '^'
  | 'AND'
  | 'OR'
  | '='
  | '!='
  | '=~'
  | '!~'
  | '<'
  | '<='
  | '>'
  | '>='

export type CastType = 'float' | 'integer' | 'unsigned' | 'string' | 'boolean' | 'field' | 'tag'

export type Reference = {
  readonly kind: 'reference'
  readonly name: string
  readonly cast?: CastType | undefined
}
export type Call = { readonly kind: 'call'; readonly name: string; readonly args: readonly Expression[] }
export type Binary = {
  readonly kind: 'binary'
  readonly operator: BinaryOperator
  readonly left: Expression
  readonly right: Expression
}
export type Regex = { readonly kind: 'regex'; readonly source: string }
export type Wildcard = { readonly kind: 'wildcard'; readonly of?: 'field' | 'tag' | undefined }
export type Literal =
  | { readonly kind: 'integer'; readonly value: bigint }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'duration'; readonly nanoseconds: bigint }

export type Expression =
  | Reference
  | Call
  | Binary
  | { readonly kind: 'parentheses'; readonly inner: Expression }
  | { readonly kind: 'distinct'; readonly name: string }
  | Wildcard
  | Regex
  | Literal

export type Field = { readonly expression: Expression; readonly alias?: string | undefined }

/** A part that is not said is undefined; `db..m` says none of its retention policy. */
export type Measurement = {
  readonly database?: string | undefined
  readonly retentionPolicy?: string | undefined
  readonly name: string | Regex
}

export type Fill =
  | { readonly kind: 'null' | 'none' | 'previous' | 'linear' }
  | { readonly kind: 'value'; readonly value: number; readonly isInteger: boolean }

export type Page = { readonly limit?: number | undefined; readonly offset?: number | undefined }

export type Select = Page & {
  readonly kind: 'select'
  readonly fields: readonly Field[]
  readonly sources: readonly Measurement[]
  readonly condition?: Expression | undefined
  readonly dimensions: readonly Expression[]
  readonly fill: Fill
  readonly descending: boolean
  readonly seriesLimit?: number | undefined
  readonly seriesOffset?: number | undefined
  readonly timezone?: string | undefined
}

type OfDatabase = { readonly database?: string | undefined }
type Filtered = OfDatabase &
  Page & { readonly sources: readonly Measurement[]; readonly condition?: Expression | undefined }

/** Which keys SHOW TAG VALUES is asked for. */
export type KeyFilter = { readonly operator: '=' | '!='; readonly keys: readonly string[] } | KeyRegex
type KeyRegex = { readonly operator: '=~' | '!~'; readonly regex: Regex }

export type Show =
  | (Filtered & { readonly kind: 'show-measurements' | 'show-series' | 'show-tag-keys' | 'show-field-keys' })
  | (Filtered & { readonly kind: 'show-tag-values'; readonly keys: KeyFilter })
  | { readonly kind: 'show-databases' }
  | (OfDatabase & { readonly kind: 'show-retention-policies' })

export type Statement = Select | Show
