// How Node is run for each entry. Plain JavaScript, because the bootstrap reads it under any Node.

/**
 * A gateway is a small machine's guest: V8 would let garbage pile up to hundreds of megabytes before it looks for
 * any. Measured with 10,000 slots at full load: 156 MB instead of 450, for a sixth of the speed. Half of the heap that
 * it may have is in use then. Compacting at every full collection is 5 MB of the difference.
 */
const GATEWAY = [
  '--optimize-for-size',
  '--max-semi-space-size=1',
  '--max-old-space-size=96',
  '--compact-on-every-full-gc',
]

/**
 * @param {string} entry path of the entry within the repository
 * @returns {string[]}
 */
export const nodeFlagsOf = (entry) => (entry === 'gateway/main.ts' ? GATEWAY : [])
