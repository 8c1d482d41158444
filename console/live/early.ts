/**
 * What is asked for while the rest of the script is still on its way: a slow phone then draws the answer at once. The
 * rest takes it over, each once.
 */
export type EarlyFeed = {
  readonly source: EventSource
  /** What was said by now, and the page's own time then. */
  readonly said: readonly { readonly data: string; readonly counterMs: number }[]
}

type EarlyAnswer = {
  readonly askedMs: number
  readonly response: Promise<Response | undefined>
  /** Once it has come. */
  body: unknown
}

export const FEED = '/api/v1/live'
export const LAYOUT = '/api/v1/layout'

/** A page whose script does not come is not left to gather for ever. */
const MAX_SAID = 500
/** An answer that nobody has taken by then may be out of date. */
const FRESH_MS = 10_000

let feed: EarlyFeed | undefined
const answers = new Map<string, EarlyAnswer>()

export const openFeedEarly = (): void => {
  const source = new EventSource(FEED)
  const said: { data: string; counterMs: number }[] = []
  const giveUp = (): void => {
    source.close()
    feed = undefined
  }
  source.onmessage = ({ data }: MessageEvent<string>) => {
    said.push({ data, counterMs: performance.now() })
    if (said.length > MAX_SAID) giveUp()
  }
  source.onerror = giveUp
  feed = { source, said }
}

export const askEarly = (url: string): void => {
  const response = fetch(url).catch(() => undefined)
  const answer: EarlyAnswer = { askedMs: performance.now(), response, body: undefined }
  answers.set(url, answer)
  void read(response).then((body) => (answer.body = body))
}

const read = async (response: Promise<Response | undefined>): Promise<unknown> => {
  try {
    return await (await response)?.clone().json()
  } catch {
    // Whoever takes the answer finds out, and says so.
    return undefined
  }
}

/** What was answered by now; it stays to be taken. */
export const peekAnswer = (url: string): unknown => answers.get(url)?.body

/** What the feed has said by now; it stays to be taken. */
export const peekFeed = (): EarlyFeed['said'] => feed?.said ?? []

/** Undefined when the feed was taken before, was not opened or has failed. */
export const takeFeed = (): EarlyFeed | undefined => {
  const taken = feed
  feed = undefined
  return taken
}

/** Undefined when it was not asked for, was taken before or did not come. */
export const takeAnswer = async (url: string): Promise<Response | undefined> => {
  const early = answers.get(url)
  answers.delete(url)
  return early !== undefined && performance.now() - early.askedMs < FRESH_MS ? early.response : undefined
}
