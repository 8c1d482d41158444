import { readFileSync } from 'node:fs'

/** The process among the children of `parent` whose command line names `entry`. */
export const findChild = (parent: number | undefined, entry: string): number | undefined =>
  readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8')
    .trim()
    .split(' ')
    .map(Number)
    .find((pid) => commandOf(pid).includes(entry))

/** Empty for one that has ended, whether or not somebody has taken note of its end. */
export const commandOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}
