import type { Schema } from './ask.ts'

export type Items<T> = { readonly items: readonly T[]; readonly next: string | undefined }

/** The schema of a page of such items. */
export const toItems = <T>(schema: Schema<T>): Schema<Items<T>> => ({
  parse: (body) => {
    if (typeof body !== 'object' || body === null || !('items' in body) || !Array.isArray(body.items))
      throw new TypeError('a page has items')
    return {
      items: body.items.map((item: unknown) => schema.parse(item)),
      next: 'next' in body && typeof body.next === 'string' ? body.next : undefined,
    }
  },
})
