import type { IClientOptions, MqttClient } from 'mqtt'
import { connect } from 'mqtt'

/** One MQTT session after another, each with a client of its own; the counterpart of the gateway's. */
export type Connection = {
  /** Sends with QoS 1 on the present session; `onAck` is not called when the session ends first. */
  publish(topic: string, payload: string, options: { readonly retain: boolean }, onAck: () => void): void
  isUp(): boolean
  close(): Promise<void>
}

export type ConnectionOptions = {
  readonly url: string
  readonly username: string
  readonly password: string
  readonly clientId: string
  readonly keepaliveS: number
  readonly ca?: string | undefined
  readonly topics: readonly string[]
  readonly onUp: () => void
  readonly onMessage: (topic: string, payload: Buffer, isRetained: boolean) => void
  readonly onDown: (cause: string) => void
}

const FIRST_DELAY_MS = 250
const MAX_DELAY_MS = 10_000
const CONNECT_TIMEOUT_MS = 10_000

export const openConnection = (options: ConnectionOptions): Connection => {
  const { url, topics, onUp, onMessage, onDown } = options
  // MQTT.js' own reconnection replays its store and loses messages when the link falls meanwhile; ours has no store.
  const clientOptions: IClientOptions = {
    username: options.username,
    password: options.password,
    clientId: options.clientId,
    keepalive: options.keepaliveS,
    clean: true,
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    connectTimeout: CONNECT_TIMEOUT_MS,
    ...(options.ca !== undefined && { ca: options.ca }),
  }
  let client: MqttClient | undefined
  let isUp = false
  let isClosing = false
  let attempt = 0
  let timer: NodeJS.Timeout | undefined

  const open = (): void => {
    let cause = 'closed'
    const own = connect(url, clientOptions)
    client = own
    const up = (): void => {
      if (isUp || client !== own) return
      attempt = 0
      isUp = true
      onUp()
    }
    own.on('error', (error) => {
      cause = error.message
    })
    own.on('connect', () => {
      // Left on, Nagle's algorithm holds a small message back until the last one is acknowledged.
      const { stream } = own as { stream: { setNoDelay?: (on: boolean) => void } }
      stream.setNoDelay?.(true)
      own.subscribe([...topics], { qos: 1 }, (error) => {
        if (error !== null && error !== undefined) {
          cause = `subscription refused: ${error.message}`
          own.end(true)
          return
        }
        up()
      })
    })
    // A broker may send what a subscription matches before it answers the subscription (MQTT 3.1.1, 3.8.4).
    own.on('message', (topic, payload, packet) => {
      up()
      onMessage(topic, payload, packet.retain)
    })
    own.once('close', () => {
      const wasUp = isUp
      isUp = false
      own.removeAllListeners()
      own.on('error', ignoreAfterClose)
      own.end(true)
      if (client === own) client = undefined
      if (isClosing) return
      if (wasUp || attempt === 0) onDown(cause)
      timer = setTimeout(open, Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt++))
    })
  }
  open()

  return {
    publish: (topic, payload, { retain }, onAck) => {
      const own = client
      if (!isUp || own === undefined) return
      own.publish(topic, payload, { qos: 1, retain }, (error) => {
        if ((error === undefined || error === null) && client === own && isUp) onAck()
      })
    },
    isUp: () => isUp,
    close: async () => {
      isClosing = true
      isUp = false
      clearTimeout(timer)
      await client?.endAsync()
    },
  }
}

/** The session has been given up; how its socket ends is of no interest. */
const ignoreAfterClose = (): void => undefined
