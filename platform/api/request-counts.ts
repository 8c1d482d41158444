import type { MiddlewareHandler } from 'hono'
import { routePath } from 'hono/route'

/** How often each route answered with each status. Routes are templates and methods are few, so the list is bounded. */
export type RequestCounts = {
  readonly count: MiddlewareHandler
  list(): RequestCount[]
}
export type RequestCount = {
  readonly method: string
  readonly route: string
  readonly status: number
  count: number
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

export const createRequestCounts = (): RequestCounts => {
  const counts = new Map<string, RequestCount>()
  return {
    count: async (c, next) => {
      await next()
      const method = METHODS.has(c.req.method) ? c.req.method : 'other'
      // The route whose handler was the last to run; a feed is counted when it begins.
      const route = routePath(c)
      const { status } = c.res
      const key = `${method} ${route} ${status}`
      const known = counts.get(key)
      if (known === undefined) counts.set(key, { method, route, status, count: 1 })
      else known.count++
    },
    list: () => [...counts.values()],
  }
}
