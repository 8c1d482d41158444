import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import type { Plugin } from 'vite'

const WORKER = 'worker.js'
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

export default defineConfig({
  plugins: [react(), listShell()],
  // The kit asks for React 18 and runs on 19; one copy serves both.
  resolve: { dedupe: ['react', 'react-dom'] },
  build: {
    target: 'es2022',
    emptyOutDir: true,
    chunkSizeWarningLimit: 900,
    rolldownOptions: {
      input: { index: 'console/index.html', worker: 'console/worker/worker.ts' },
      output: {
        entryFileNames: ({ name }) => (name === 'worker' ? WORKER : 'assets/[name]-[hash].js'),
        // A chunk runs before those that import it: so schemas are made only once they know not to try eval.
        codeSplitting: { groups: [{ name: 'zod', test: /\/node_modules\/zod\/|\/console\/no-eval\.ts$/ }] },
      },
    },
  },
})
