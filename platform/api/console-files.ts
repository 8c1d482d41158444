import { readFile } from 'node:fs/promises'
import { extname, join, normalize, sep } from 'node:path'
import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
}
const NOT_BUILT =
  '<!doctype html><meta charset="utf-8"><title>Clearlane</title><p>The console is not built: npm start builds it.'
const POLICY = [
  "default-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'self'",
].join('; ')

/**
 * The console's files; every other address is one of its screens. A file that is not there is not found: a page in its
 * stead would be kept as a script by whoever caches it.
 */
export const serveConsole = async (c: Context, consoleDir: string | undefined): Promise<Response> => {
  if (consoleDir === undefined) return c.html(NOT_BUILT)
  const relative = normalize(decodePath(c.req.path)).replace(/^[/\\]+/, '')
  const isFile = extname(relative) in CONTENT_TYPES && !relative.split(sep).includes('..')
  const name = isFile ? relative : 'index.html'
  const bytes = await readFile(join(consoleDir, name)).catch(() => undefined)
  if (bytes === undefined) return isFile ? c.notFound() : c.html(NOT_BUILT)
  return c.body(new Uint8Array(bytes), 200, {
    'content-type': CONTENT_TYPES[extname(name)] ?? 'application/octet-stream',
    // Names under assets/ carry a hash of what they hold; the rest, the service worker too, is asked for each time.
    'cache-control': name.startsWith('assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
    'content-security-policy': POLICY,
    'x-content-type-options': 'nosniff',
  })
}

const decodePath = (path: string): string => {
  try {
    return decodeURIComponent(path)
  } catch (cause) {
    throw new HTTPException(400, { message: 'the path is not well formed', cause })
  }
}
