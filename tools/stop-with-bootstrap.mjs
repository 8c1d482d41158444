// Loaded before the entry that the bootstrap runs: when the bootstrap is killed, the entry's whole process group ends.
import { isMainThread } from 'node:worker_threads'

const STOP_WITHIN_MS = 15_000

// Processes and threads that the entry starts may inherit this import; they have another parent.
if (isMainThread && process.send !== undefined && process.env.CLEARLANE_BOOTSTRAP === String(process.ppid)) {
  process.once('disconnect', () => {
    const killGroup = () => process.kill(-process.pid, 'SIGKILL')
    // An entry that listens itself stops in order, within its time; one that does not is stopped at once.
    if (process.listenerCount('disconnect') === 0) killGroup()
    else setTimeout(killGroup, STOP_WITHIN_MS).unref()
  })
  // Listening alone must not keep a finished entry alive.
  process.channel?.unref()
}
