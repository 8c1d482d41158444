import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { z } from 'zod'

/** `docker-compose.yml` as far as tests look at it, its anchors filled in. */
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
export const COMPOSE_FILE = join(ROOT, 'docker-compose.yml')

const ServiceSchema = z.object({
  image: z.string(),
  build: z.object({ target: z.string() }).optional(),
  command: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string()).default({}),
  healthcheck: z.object({ test: z.array(z.string()) }).optional(),
  user: z.string().optional(),
  read_only: z.boolean().optional(),
  cap_drop: z.array(z.string()).default([]),
  security_opt: z.array(z.string()).default([]),
  restart: z.string(),
  network_mode: z.string().optional(),
  ports: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
})
const ComposeSchema = z.object({
  services: z.record(z.string(), ServiceSchema),
  volumes: z.record(z.string(), z.null()),
})

export const readCompose = (): z.output<typeof ComposeSchema> =>
  ComposeSchema.parse(parse(readFileSync(COMPOSE_FILE, 'utf8'), { merge: true }))
