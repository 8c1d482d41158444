import { workerData } from 'node:worker_threads'

/** A thread of its own, because a flow that never ends leaves the main one no time to hear that the gateway is gone. */
const LOOK_EVERY_MS = 1_000

setInterval(() => {
  if (process.ppid !== workerData) process.kill(process.pid, 'SIGKILL')
}, LOOK_EVERY_MS)
