import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import type { Plugin, Rolldown } from 'vite'

const WORKER = 'worker.js'
const START = '/console/start.ts'
const FIRST_VIEW = '/console/main.tsx'
const PUBLIC_FILES = ['/', '/manifest.webmanifest', '/icon.svg', '/icon-192.png', '/icon-512.png']

/** Tells the service worker which files make up this build. */
const listShell = (): Plugin => ({
  name: 'list-shell',
  generateBundle: {
    // Behind Vite, which takes out chunks that hold nothing but styles: one file that is not there fails them all.
    order: 'post',
    handler: (_options, bundle) => {
      const worker = bundle[WORKER]
      if (worker?.type !== 'chunk') throw new Error(`the build has no ${WORKER}`)
      const built = Object.keys(bundle).filter((file) => file.startsWith('assets/'))
      const files = [...PUBLIC_FILES, ...built.map((file) => `/${file}`).sort()]
      worker.code = `const SHELL_FILES=${JSON.stringify(files)};${worker.code}`
    },
  },
})

/** Whether a module is loaded together with another, through imports that are not asked for later. */
const isPartOf = (root: string, id: string, context: Rolldown.ChunkingContext): boolean => {
  const seen = new Set<string>()
  const isReached = (one: string): boolean => {
    if (seen.has(one)) return false
    seen.add(one)
    return one.endsWith(root) || (context.getModuleInfo(one)?.importers.some(isReached) ?? false)
  }
  return isReached(id)
}

/** Few pieces for the first view: each more costs a slow phone another way there and back. */
const toPiece = (id: string, context: Rolldown.ChunkingContext): string | null => {
  if (isPartOf(START, id, context)) return 'start'
  return isPartOf(FIRST_VIEW, id, context) ? 'main' : null
}

/** The page names what its first view needs, so that a phone asks for all of it at once. */
const preloadFirstView = (): Plugin => ({
  name: 'preload-first-view',
  transformIndexHtml: {
    order: 'post',
    handler: (_html, { bundle }) => {
      const main = Object.values(bundle ?? {}).find(
        (one) => one.type === 'chunk' && one.moduleIds.some((id) => id.endsWith(FIRST_VIEW)),
      )
      if (main?.type !== 'chunk') throw new Error(`the build has no piece for ${FIRST_VIEW}`)
      const styles = [...(main.viteMetadata?.importedCss ?? [])]
      return [
        ...[main.fileName, ...main.imports].map((file) => ({
          tag: 'link',
          attrs: { rel: 'modulepreload', crossorigin: true, href: `/${file}` },
        })),
        ...styles.map((file) => ({
          tag: 'link',
          attrs: { rel: 'stylesheet', crossorigin: true, href: `/${file}` },
        })),
      ]
    },
  },
})

export default defineConfig({
  plugins: [react(), listShell(), preloadFirstView()],
  // The kit asks for React 18 and runs on 19; one copy serves both.
  resolve: { dedupe: ['react', 'react-dom'] },
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    emptyOutDir: true,
    chunkSizeWarningLimit: 900,
    rolldownOptions: {
      input: { index: 'console/index.html', worker: 'console/worker/worker.ts' },
      output: {
        entryFileNames: ({ name }) => (name === 'worker' ? WORKER : 'assets/[name]-[hash].js'),
        codeSplitting: {
          groups: [{ name: toPiece, debugName: 'first view', includeDependenciesRecursively: false }],
        },
      },
    },
  },
})
