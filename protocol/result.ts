/** What a device, a file or a person got right or wrong, as data. */
export type Result<T, E = Fault> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: E }

/** One refusal: a constant `reason` to count by, and a `detail` that says what, where and what to do. */
export type Fault = { readonly reason: string; readonly detail: string }

export const ok = <T>(value: T): { readonly ok: true; readonly value: T } => ({ ok: true, value })

export const fault = (reason: string, detail: string): { readonly ok: false; readonly fault: Fault } => ({
  ok: false,
  fault: { reason, detail },
})
