import { useAsk } from '../../live/ask.ts'
import type { Filter } from './filter.ts'
import { toQuery, toSearch } from './filter.ts'

const COUNT_EVERY_MS = 5_000
const CountSchema = {
  parse: (body: unknown): number => {
    if (typeof body === 'object' && body !== null && 'count' in body && typeof body.count === 'number')
      return body.count
    throw new TypeError('a count is a number')
  },
}

/** How many episodes there are of a kind; undefined until the server has said it. */
export const useEpisodeCount = (filter: Filter): number | undefined => {
  const answer = useAsk(`/episodes/count${toSearch(toQuery(filter))}`, CountSchema, COUNT_EVERY_MS)
  return answer?.kind === 'answer' ? answer.value : undefined
}
