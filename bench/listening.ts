import { once } from 'node:events'
import { createConnection } from 'node:net'

/** Until something on this machine takes connections at the port. Throws what refused them for five seconds. */
export const untilListening = async (port: number): Promise<void> => {
  for (let attempt = 0; ; attempt++) {
    const probe = createConnection(port, '127.0.0.1')
    try {
      await once(probe, 'connect')
      return
    } catch (cause) {
      if (attempt === 50) throw cause
      await new Promise((resolve) => setTimeout(resolve, 100))
    } finally {
      probe.destroy()
    }
  }
}
