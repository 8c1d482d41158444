import type { Presence } from '@clearlane/protocol'
import type { Sample } from './sample.ts'
import { compareSamples } from './sample.ts'

/**
 * The samples that may still be reordered, fifteen minutes of every slot, are the bulk of what the rules remember.
 * They lie as plain numbers in blocks that all slots share: 40 bytes a sample against 140 as objects, and nothing
 * for the collector to walk through.
 *
 * ```
 *  numbers  │ atMs │ row │                                              8 bytes each
 *  integers │ session │ counter │ xNt │ yNt │ zNt │ device and flags │  4 bytes each
 * ```
 */
export type SampleStore = { readonly blocks: Block[]; free: number }
type Block = { readonly numbers: Float64Array; readonly integers: Int32Array }

/** The samples of one slot, sorted: where each lies in the store. */
export type SampleQueue = {
  readonly slot: string
  readonly places: number[]
  /** Devices whose samples are in it, nearly always one. */
  devices: readonly string[]
}

const BLOCK_SAMPLES = 4_096
const NUMBERS = 2
const INTEGERS = 6
const NONE = -1
const OPINIONS: readonly (Presence | undefined)[] = [undefined, 'occupied', 'vacant', 'unknown']
const PROVISIONAL = 4
const FLAGS = 8

export const createSampleStore = (): SampleStore => ({ blocks: [], free: NONE })

export const createSampleQueue = (slot: string): SampleQueue => ({ slot, places: [], devices: [] })

export const queuedMs = (store: SampleStore, queue: SampleQueue, index: number): number =>
  readNumber(store, queue.places[index]!, 0)

export const queuedRow = (store: SampleStore, queue: SampleQueue, index: number): number =>
  readNumber(store, queue.places[index]!, 1)

export const queuedSample = (store: SampleStore, queue: SampleQueue, index: number): Sample => {
  const place = queue.places[index]!
  const { integers } = blockOf(store, place)
  const at = (place % BLOCK_SAMPLES) * INTEGERS
  const flags = integers[at + 5]!
  return {
    device: queue.devices[Math.floor(flags / FLAGS)]!,
    session: integers[at]! >>> 0,
    counter: integers[at + 1]! >>> 0,
    slot: queue.slot,
    row: readNumber(store, place, 1),
    atMs: readNumber(store, place, 0),
    xNt: integers[at + 2]!,
    yNt: integers[at + 3]!,
    zNt: integers[at + 4]!,
    opinion: OPINIONS[flags % PROVISIONAL],
    isProvisional: (flags & PROVISIONAL) !== 0,
  }
}

/** Puts a sample in its place and returns its index; undefined where it is there already. */
export const insertSample = (store: SampleStore, queue: SampleQueue, sample: Sample): number | undefined => {
  const { places } = queue
  const { length } = places
  let from = length
  if (length > 0 && compareSamples(queuedSample(store, queue, length - 1), sample) >= 0) {
    from = 0
    for (let to = length; from < to;) {
      const middle = (from + to) >> 1
      const order = compareSamples(queuedSample(store, queue, middle), sample)
      if (order === 0) return undefined
      if (order < 0) from = middle + 1
      else to = middle
    }
  }
  const place = keep(store, sample, toFlags(queue, sample))
  if (from === length) places.push(place)
  else places.splice(from, 0, place)
  return from
}

export const dropFirst = (store: SampleStore, { places }: SampleQueue, count: number): void => {
  for (let index = 0; index < count; index++) release(store, places[index]!)
  places.copyWithin(0, count)
  places.length -= count
}

/** Moves the provisional times and sorts anew; false where there were none. */
export const shiftProvisional = (store: SampleStore, queue: SampleQueue, shiftMs: number): boolean => {
  const samples = queue.places.map((_, index) => queuedSample(store, queue, index))
  if (!samples.some((sample) => sample.isProvisional)) return false
  dropFirst(store, queue, samples.length)
  for (const sample of samples) {
    const moved = { ...sample, atMs: sample.atMs + shiftMs, isProvisional: false }
    insertSample(store, queue, sample.isProvisional ? moved : sample)
  }
  return true
}

const blockOf = ({ blocks }: SampleStore, place: number): Block => blocks[Math.floor(place / BLOCK_SAMPLES)]!

const readNumber = (store: SampleStore, place: number, field: number): number =>
  blockOf(store, place).numbers[(place % BLOCK_SAMPLES) * NUMBERS + field]!

const keep = (store: SampleStore, sample: Sample, flags: number): number => {
  if (store.free === NONE) addBlock(store)
  const place = store.free
  const { numbers, integers } = blockOf(store, place)
  const at = (place % BLOCK_SAMPLES) * INTEGERS
  store.free = integers[at]!
  numbers[(place % BLOCK_SAMPLES) * NUMBERS] = sample.atMs
  numbers[(place % BLOCK_SAMPLES) * NUMBERS + 1] = sample.row
  integers[at] = sample.session
  integers[at + 1] = sample.counter
  integers[at + 2] = sample.xNt
  integers[at + 3] = sample.yNt
  integers[at + 4] = sample.zNt
  integers[at + 5] = flags
  return place
}

/** Free places form a chain: each holds the next in its first integer. */
const release = (store: SampleStore, place: number): void => {
  blockOf(store, place).integers[(place % BLOCK_SAMPLES) * INTEGERS] = store.free
  store.free = place
}

const addBlock = (store: SampleStore): void => {
  const first = store.blocks.length * BLOCK_SAMPLES
  store.blocks.push({
    numbers: new Float64Array(BLOCK_SAMPLES * NUMBERS),
    integers: new Int32Array(BLOCK_SAMPLES * INTEGERS),
  })
  for (let place = first + BLOCK_SAMPLES - 1; place >= first; place--) release(store, place)
}

const toFlags = (queue: SampleQueue, { device, opinion, isProvisional }: Sample): number => {
  let index = queue.devices.indexOf(device)
  if (index === -1) {
    index = queue.devices.length
    queue.devices = queue.devices.concat(device)
  }
  return index * FLAGS + (isProvisional ? PROVISIONAL : 0) + OPINIONS.indexOf(opinion)
}
