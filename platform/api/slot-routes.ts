import {
  BindRequestSchema,
  DeviceViewSchema,
  EuiSchema,
  LayoutSchema,
  ReadingSchema,
  SlotSeriesSchema,
  UnknownDeviceViewSchema,
} from '@clearlane/protocol'
import { createRoute, z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { findSlotSeries } from '../slot-series.ts'
import { errors, json, page, refuse, refuseFault } from './answers.ts'
import type { ApiParts } from './api.ts'
import { cursorQuery, limitQuery, timeQuery } from './queries.ts'

/** Time, device, session and counter of the reading before. */
const READINGS_CURSOR = /^\d+~[0-9a-f]{16}~\d+~\d+$/
const MAX_SERIES_DAYS = 92
const seriesQuery = z
  .object({ from: timeQuery, to: timeQuery, points: z.coerce.number().int().min(50).max(2_000).default(600) })
  .refine(({ from, to }) => from < to, { path: ['to'], message: 'it must be later than `from`' })
  .refine(({ from, to }) => to - from <= MAX_SERIES_DAYS * 86_400_000, {
    path: ['to'],
    message: `at most ${MAX_SERIES_DAYS} days behind \`from\``,
  })
const refuseHistory = (c: Context) =>
  refuse(c, 'history-away', 'the history does not answer; nothing is lost, try again later')

/** Slots over time, and the devices that stand in them. */
export const addSlotRoutes = (
  app: OpenAPIHono,
  v1: string,
  {
    documents,
    episodes,
    history,
    views,
    nowMs,
  }: Pick<ApiParts, 'documents' | 'episodes' | 'history' | 'views' | 'nowMs'>,
): void => {
  app.openapi(
    createRoute({
      method: 'get',
      path: `${v1}/slots/{slot}/series`,
      request: { params: z.object({ slot: z.string() }), query: seriesQuery },
      responses: { 200: json(SlotSeriesSchema, 'what a chart of the slot shows'), ...errors },
    }),
    async (c) => {
      const { slot: id } = c.req.valid('param')
      const { from, to, points } = c.req.valid('query')
      const slot = documents.layout().slots.find((one) => one.id === id)
      if (slot === undefined) return refuse(c, 'not-found', `the layout has no slot ${id}`)
      const query = { slot, fromMs: from, toMs: to, points }
      const series = await findSlotSeries({ documents, episodes, history, nowMs }, query)
      return series === undefined ? refuseHistory(c) : c.json(series, 200)
    },
  )
  app.openapi(
    createRoute({
      method: 'get',
      path: `${v1}/readings`,
      request: {
        query: z.object({
          slot: z.string(),
          from: timeQuery.default(0),
          to: timeQuery.default(Number.MAX_SAFE_INTEGER),
          limit: limitQuery(10_000),
          cursor: cursorQuery(READINGS_CURSOR),
        }),
      },
      responses: { 200: json(page(ReadingSchema), 'of one slot, in order of event time'), ...errors },
    }),
    async (c) => {
      const { slot, from, to, limit, cursor } = c.req.valid('query')
      const found = await history.readings({ slot, fromMs: from, toMs: to, limit, cursor })
      if (found === undefined) return refuseHistory(c)
      return c.json({ items: [...found.items], ...(found.next !== undefined && { next: found.next }) }, 200)
    },
  )
  app.openapi(
    createRoute({
      method: 'get',
      path: `${v1}/devices`,
      responses: { 200: json(page(DeviceViewSchema), 'each that stands in a slot'), ...errors },
    }),
    (c) => c.json({ items: views.devices() }, 200),
  )
  app.openapi(
    createRoute({
      method: 'get',
      path: `${v1}/devices/{device}`,
      request: { params: z.object({ device: EuiSchema }) },
      responses: { 200: json(DeviceViewSchema, 'as its gateway last spoke of it'), ...errors },
    }),
    (c) => {
      const { device } = c.req.valid('param')
      const view = views.devices().find((one) => one.device === device)
      return view === undefined
        ? refuse(c, 'not-found', `${device} stands in no slot; bind it to one first`)
        : c.json(view, 200)
    },
  )
  app.openapi(
    createRoute({
      method: 'get',
      path: `${v1}/unknown-devices`,
      responses: { 200: json(page(UnknownDeviceViewSchema), 'heard, but in no slot'), ...errors },
    }),
    (c) => c.json({ items: views.unknownDevices() }, 200),
  )
  app.openapi(
    createRoute({
      method: 'post',
      path: `${v1}/slots/{slot}/device`,
      request: {
        params: z.object({ slot: z.string() }),
        body: { required: true, content: { 'application/json': { schema: BindRequestSchema } } },
      },
      responses: { 200: json(LayoutSchema, 'the layout with the binding'), ...errors },
    }),
    (c) => {
      const layout = documents.layout()
      const { slot } = c.req.valid('param')
      const { device, move = false, by = 'console' } = c.req.valid('json')
      if (!layout.slots.some((one) => one.id === slot))
        return refuse(c, 'not-found', `the layout has no slot ${slot}`)
      const slots = layout.slots.map((one) => {
        const { device: present, ...empty } = one
        if (one.id === slot) return device === null ? empty : { ...empty, device }
        return move && present === device ? empty : one
      })
      const done = documents.putLayout({ ...layout, slots }, layout.version, nowMs(), by)
      return done.ok ? c.json(done.value, 200) : refuseFault(c, done.fault)
    },
  )
}
