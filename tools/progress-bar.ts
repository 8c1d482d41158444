/** How far something long is, on one line of a terminal; elsewhere a line now and then. */
export type ProgressBar = {
  show(progress: Progress): void
  /** A sentence above it; the same one is not said twice in a row. */
  note(text: string): void
  end(text: string): void
}
export type Progress = {
  readonly done: number
  /** Where this run began. */
  readonly began: number
  readonly end: number
  readonly points: number
}

const WIDTH = 30
const LINE_EVERY_MS = 5_000

export const createProgressBar = (
  out: { readonly isTTY?: boolean; write(text: string): unknown },
  nowMs: () => number,
): ProgressBar => {
  const startMs = nowMs()
  let saidMs = Number.NEGATIVE_INFINITY
  let noted = ''
  const erase = out.isTTY === true ? '\r\u001B[K' : ''
  return {
    show: (progress) => {
      const text = toText(progress, nowMs() - startMs)
      if (out.isTTY === true) out.write(`${erase}${text}`)
      else if (nowMs() - saidMs >= LINE_EVERY_MS) {
        saidMs = nowMs()
        out.write(`${text}\n`)
      }
    },
    note: (text) => {
      if (text === noted) return
      noted = text
      out.write(`${erase}${text}\n`)
    },
    end: (text) => {
      out.write(`${erase}${text}\n`)
    },
  }
}

const toText = ({ done, began, end, points }: Progress, elapsedMs: number): string => {
  const share = end === 0 ? 1 : done / end
  const filled = Math.round(share * WIDTH)
  const perSecond = elapsedMs === 0 ? 0 : Math.round((points * 1_000) / elapsedMs)
  const leftS = done === began ? undefined : ((elapsedMs / (done - began)) * (end - done)) / 1_000
  const left = leftS === undefined ? '' : `, ${Math.ceil(leftS)} s left`
  return `[${'#'.repeat(filled)}${'.'.repeat(WIDTH - filled)}] ${Math.floor(share * 100)} %, ${points} points, ${perSecond} a second${left}`
}
