import type { LanName } from '@clearlane/protocol'
import { LAN_NAMES, LAN_NAMES_WITH_ID, parseLanTopic, toLanTopic } from '@clearlane/protocol'
import { connect } from 'mqtt'
import type { NodeRedStart } from './node-red-process.ts'

/** What the nodes hear of the box, over one connection for all of them. */
export type LanClient = {
  /** Hears what stands now, and everything after it. An empty one is no more. Returns how to stop. */
  listen(name: Heard, listener: (message: unknown) => void): () => void
  /** Whether the box is reached, now and at every change. */
  watch(listener: (isUp: boolean) => void): () => void
  /** False while the box is not reached: a note is not kept. */
  note(note: object): boolean
}
export type Heard = Exclude<LanName, 'note'>

const RECONNECT_MS = 2_000
const KEEPALIVE_S = 30
const HEARD = LAN_NAMES.filter((name): name is Heard => name !== 'note')
const WITH_ID: ReadonlySet<string> = new Set(LAN_NAMES_WITH_ID)

export const openLanClient = ({
  url,
  username,
  password,
  ca,
  site,
  gateway,
}: NodeRedStart['lan']): LanClient => {
  const listeners = new Map<Heard, Set<(message: unknown) => void>>(HEARD.map((name) => [name, new Set()]))
  const watchers = new Set<(isUp: boolean) => void>()
  /** What stands retained, by topic, for nodes that come later. */
  const standing = new Map<string, unknown>()
  const client = connect(url, {
    username,
    password,
    clientId: username,
    keepalive: KEEPALIVE_S,
    clean: true,
    reconnectPeriod: RECONNECT_MS,
    queueQoSZero: false,
    ...(ca !== undefined && { ca }),
  })
  const tellWatchers = (): void => {
    for (const watcher of watchers) watcher(client.connected)
  }
  client.on('connect', () => {
    standing.clear()
    client.subscribe(
      HEARD.map((name) => toLanTopic({ site, gateway, name, id: WITH_ID.has(name) ? '+' : undefined })),
      { qos: 0 },
    )
    tellWatchers()
  })
  client.on('close', tellWatchers)
  // Told by `close`; without a listener it would end the process.
  client.on('error', () => undefined)
  client.on('message', (topic, payload) => {
    const name = parseLanTopic(topic)?.name
    if (name === undefined || name === 'note') return
    if (payload.length === 0) return void standing.delete(topic)
    const message: unknown = JSON.parse(payload.toString('utf8'))
    if (name !== 'reading') standing.set(topic, message)
    for (const listener of listeners.get(name) ?? []) listener(message)
  })

  return {
    listen: (name, listener) => {
      listeners.get(name)?.add(listener)
      for (const [topic, message] of standing) if (parseLanTopic(topic)?.name === name) listener(message)
      return () => listeners.get(name)?.delete(listener)
    },
    watch: (watcher) => {
      watchers.add(watcher)
      watcher(client.connected)
      return () => watchers.delete(watcher)
    },
    note: (note) => {
      if (!client.connected) return false
      client.publish(toLanTopic({ site, gateway, name: 'note' }), JSON.stringify(note), { qos: 0 })
      return true
    },
  }
}
