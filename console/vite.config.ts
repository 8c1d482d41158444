import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

export default defineConfig({
  plugins: [react()],
  // The kit asks for React 18 and runs on 19; one copy serves both.
  resolve: { dedupe: ['react', 'react-dom'] },
  build: { target: 'es2022', emptyOutDir: true, chunkSizeWarningLimit: 900 },
})
