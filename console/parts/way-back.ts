import type { MouseEvent } from 'react'
import { useLayoutEffect } from 'react'
import { useLocation, useSearch } from 'wouter'

/**
 * Where somebody was on each page of this visit: the way back leads to the same place, a step on to the top. The
 * browser's own memory comes too early, while a page that is drawn by script has no height yet.
 */
const places = new Map<string, number>()
let isWayBack = false
let cameFrom: string | undefined
/** A page that has just been opened is where it should be; to scroll would make it lay itself out too early. */
let isFirst = true
const here = (): string => window.location.pathname + window.location.search
let current = here()

export const rememberPlaces = (): void => {
  window.history.scrollRestoration = 'manual'
  window.addEventListener('popstate', () => {
    isWayBack = true
    cameFrom = undefined
    current = here()
  })
  // wouter tells of its own steps.
  window.addEventListener('pushState', () => {
    isWayBack = false
    cameFrom = current
    current = here()
  })
  window.addEventListener('scroll', () => places.set(here(), window.scrollY), { passive: true })
}

export const isOnWayBack = (): boolean => isWayBack

/** Once for the whole page: its place at every address. */
export const usePlaces = (): void => {
  const [location] = useLocation()
  const search = useSearch()
  useLayoutEffect(() => {
    if (isFirst) {
      isFirst = false
      return
    }
    const top = isWayBack ? (places.get(here()) ?? 0) : 0
    window.scrollTo({ top, behavior: 'instant' })
  }, [location, search])
}

/** For a link to a list: back to it as it was, with its filter, for whoever came from there. */
export const stepBackTo =
  (path: string) =>
  (event: MouseEvent): void => {
    if (cameFrom?.split('?')[0] !== path) return
    event.preventDefault()
    window.history.back()
  }
