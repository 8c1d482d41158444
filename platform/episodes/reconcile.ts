import type { Episode } from '@clearlane/protocol'

/**
 * What the centre does with one episode when a gateway says which ones it holds open.
 *
 * | centre          | epoch | in the set        | then                                              |
 * |-----------------|-------|-------------------|---------------------------------------------------|
 * | unknown         | any   | yes               | take it                                           |
 * | open            | same  | yes               | take the higher revision                          |
 * | open            | same  | no                | close it: the gateway knows that it is over       |
 * | open            | new   | no                | unobserved: a new card remembers nothing          |
 * | ended           | same  | yes, revised      | take it: it blocks again                          |
 * | ended           | any   | no                | leave it                                          |
 */
export type Reconciled = 'take' | 'close' | 'unobserve' | 'leave'

export const reconcile = (
  centre: Episode | undefined,
  inSet: Episode | undefined,
  isSameEpoch: boolean,
): Reconciled => {
  if (inSet !== undefined) return centre === undefined || inSet.revision > centre.revision ? 'take' : 'leave'
  if (centre === undefined || centre.end !== undefined) return 'leave'
  if (isSameEpoch) return 'close'
  return centre.unobserved ? 'leave' : 'unobserve'
}
