/// <reference lib="webworker" />

/**
 * The service worker: keeps the files of one build of the console, so that it opens without a server. It never answers
 * for the API: what is known of the estate is kept by the page itself, which says how old it is.
 */
declare const self: ServiceWorkerGlobalScope
/** Every file of this build; the build writes them here, so that another build is another worker. */
declare const SHELL_FILES: readonly string[]

/**
 * Named by what it holds: two builds never share a cache. A new build's worker waits until the last page of the old one
 * is closed, so that a page that has been open for weeks still finds the parts that it has not loaded yet.
 */
const CACHE = `shell ${SHELL_FILES.join(' ')}`
const PAGE = '/'
/** A server that takes longer than this for the page is as good as away; the page of the cache is the same build. */
const PAGE_WITHIN_MS = 3_000

self.addEventListener('install', (event) => {
  event.waitUntil(keepShell())
})
self.addEventListener('activate', (event) => {
  event.waitUntil(forgetOtherBuilds())
})
self.addEventListener('fetch', (event) => {
  const { request } = event
  const { origin, pathname } = new URL(request.url)
  if (request.method !== 'GET' || origin !== self.location.origin || pathname.startsWith('/api/')) return
  if (request.mode === 'navigate') event.respondWith(toPage(request))
  else if (SHELL_FILES.includes(pathname)) event.respondWith(toFile(request))
})

const keepShell = async (): Promise<void> => {
  const cache = await caches.open(CACHE)
  await cache.addAll(SHELL_FILES.map((file) => new Request(file, { cache: 'no-cache' })))
}

const forgetOtherBuilds = async (): Promise<void> => {
  for (const name of await caches.keys()) if (name !== CACHE) await caches.delete(name)
  await self.clients.claim()
}

/** The server's page, so that a new build is seen at once; the kept one when the server is away. */
const toPage = async (request: Request): Promise<Response> => {
  try {
    const response = await fetch(request, { signal: AbortSignal.timeout(PAGE_WITHIN_MS) })
    if (response.ok) return response
  } catch {
    // Away: the kept page says so itself.
  }
  return (await kept(PAGE)) ?? Response.error()
}

/** Names carry a hash of what they hold, so a kept file is never an old one. */
const toFile = async (request: Request): Promise<Response> => (await kept(request)) ?? fetch(request)

const kept = (request: Request | string): Promise<Response | undefined> =>
  caches.match(request, { cacheName: CACHE })
