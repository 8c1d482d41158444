// First of all, before any schema is made.
import './no-eval.ts'
import 'antd-mobile/es/global'
import { createRoot } from 'react-dom/client'
import { unstableSetRender } from 'antd-mobile'
import { App } from './app.tsx'
import './style.css'

// antd-mobile mounts its pop-ups itself; under React 19 it must be told how.
unstableSetRender((node, container) => {
  const root = createRoot(container)
  root.render(node)
  return async () => root.unmount()
})

const root = document.getElementById('root')
if (root === null) throw new Error('index.html has no #root')
createRoot(root).render(<App />)

// Without one (an old browser, or a development server) the console works, but does not open offline.
if (import.meta.env.PROD && 'serviceWorker' in navigator)
  void navigator.serviceWorker.register('/worker.js').catch(() => undefined)
