import type { Layout } from '@clearlane/protocol'

/** Which device stands in which slot; an empty slot is not in it. */
export type Bindings = ReadonlyMap<string, string>

export const toBindings = ({ slots }: Pick<Layout, 'slots'>): Bindings =>
  new Map(slots.flatMap(({ id, device }) => (device === undefined ? [] : [[id, device] as const])))

/** One request that puts a device into a slot, out of wherever it stands, or empties a slot. */
export type Step = { readonly slot: string; readonly device: string | undefined }

/** The requests that lead from one state to another. Only what differs is asked for. */
export const toSteps = (from: Bindings, to: Bindings): Step[] => {
  const filled = [...to].flatMap(([slot, device]) => (from.get(slot) === device ? [] : [{ slot, device }]))
  const moved = new Set(filled.map(({ device }) => device))
  // A device that moves elsewhere leaves its slot empty by itself.
  const emptied = [...from].flatMap(([slot, device]) =>
    to.has(slot) || moved.has(device) ? [] : [{ slot, device: undefined }],
  )
  return [...filled, ...emptied]
}

/** What a step makes of it, as the platform does. */
export const applyStep = (bindings: Bindings, { slot, device }: Step): Bindings => {
  const next = new Map([...bindings].filter(([, other]) => other !== device))
  if (device === undefined) next.delete(slot)
  else next.set(slot, device)
  return next
}

/** Whether the slots that a change has touched are still as it left them: else an undo would undo somebody else. */
export const isUntouched = (before: Bindings, after: Bindings, now: Bindings): boolean => {
  const touched = [...new Set([...before.keys(), ...after.keys()])].filter(
    (slot) => before.get(slot) !== after.get(slot),
  )
  const devices = touched.flatMap((slot) => before.get(slot) ?? [])
  const slotOf = (bindings: Bindings, device: string): string | undefined =>
    [...bindings].find(([, other]) => other === device)?.[0]
  return (
    touched.every((slot) => now.get(slot) === after.get(slot)) &&
    devices.every((device) => slotOf(now, device) === slotOf(after, device))
  )
}
