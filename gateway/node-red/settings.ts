import { join } from 'node:path'
import type { LanClient } from './lan-client.ts'
import type { Login } from './login.ts'
import type { NodeRedStart } from './node-red-process.ts'

/** Where flows answer over HTTP; everything else is the editor's. */
export const FLOW_ROOT = '/flow'

/** Nothing is fetched from elsewhere, nothing is reported, and no other process is started. */
export const createSettings = (
  { host, port, userDir, isSafe }: NodeRedStart,
  { username, passwordHash }: Login,
  lan: LanClient,
  log: (entry: never) => void,
): object => ({
  uiHost: host,
  uiPort: port,
  userDir,
  flowFile: 'flows.json',
  nodesDir: join(import.meta.dirname, 'nodes'),
  nodesExcludes: ['90-exec.js'],
  httpAdminRoot: '/',
  httpNodeRoot: FLOW_ROOT,
  adminAuth: { type: 'credentials', users: [{ username, password: passwordHash, permissions: '*' }] },
  safeMode: isSafe,
  telemetry: { enabled: false, updateNotification: false },
  externalModules: {
    autoInstall: false,
    palette: { allowInstall: false, allowUpdate: false, allowUpload: false },
    modules: { allowInstall: false },
  },
  functionExternalModules: false,
  exportGlobalContextKeys: false,
  diagnostics: { enabled: false },
  runtimeState: { enabled: true, ui: true },
  editorTheme: {
    page: { title: 'Clearlane · Node-RED' },
    header: { title: 'Clearlane · Node-RED' },
    projects: { enabled: false },
    tours: false,
  },
  logging: { file: { level: 'info', metrics: false, audit: false, handler: () => log } },
  clearlane: lan,
})
