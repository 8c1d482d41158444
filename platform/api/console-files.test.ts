import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Hono } from 'hono'
import { afterAll, expect, test } from 'vitest'
import { serveConsole } from './console-files.ts'

const parent = mkdtempSync(join(tmpdir(), 'console-'))
const folder = join(parent, 'dist')
afterAll(() => rmSync(parent, { recursive: true }))
mkdirSync(join(folder, 'assets'), { recursive: true })
writeFileSync(join(parent, 'secret.json'), '{}')
for (const name of ['index.html', 'worker.js', 'manifest.webmanifest', 'icon-192.png', 'assets/index-a.js'])
  writeFileSync(join(folder, name), name)

const app = new Hono().get('*', (c) => serveConsole(c, folder))

test.each([
  { path: '/', name: 'index.html', type: 'text/html; charset=utf-8', cache: 'no-cache' },
  { path: '/episodes/1', name: 'index.html', type: 'text/html; charset=utf-8', cache: 'no-cache' },
  { path: '/worker.js', name: 'worker.js', type: 'text/javascript; charset=utf-8', cache: 'no-cache' },
  {
    path: '/manifest.webmanifest',
    name: 'manifest.webmanifest',
    type: 'application/manifest+json',
    cache: 'no-cache',
  },
  { path: '/icon-192.png', name: 'icon-192.png', type: 'image/png', cache: 'no-cache' },
  {
    path: '/assets/index-a.js',
    name: 'assets/index-a.js',
    type: 'text/javascript; charset=utf-8',
    cache: 'public, max-age=31536000, immutable',
  },
])('$path is $name, said to be $type, cached as $cache', async ({ path, name, type, cache }) => {
  const response = await app.request(path)
  expect(await response.text()).toBe(name)
  expect(response.headers.get('content-type')).toBe(type)
  expect(response.headers.get('cache-control')).toBe(cache)
  const policy = response.headers.get('content-security-policy')
  expect(policy).toContain("default-src 'self'")
  expect(policy).not.toContain("script-src 'unsafe")
})

test('a script that is not there is not found: no page is given in its stead', async () => {
  expect((await app.request('/assets/index-of-yesterday.js')).status).toBe(404)
})

test('nothing outside of the folder is given', async () => {
  const response = await app.request('/..%2fsecret.json')
  expect(response.status).toBe(404)
})
