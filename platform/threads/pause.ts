/** Stops the thread that calls it, which must be a worker's: for retries of a disk, and for trials with a slow one. */
export const pause = (ms: number): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}
