import type { RefObject } from 'react'
import { useEffect, useRef } from 'react'
import type { Span } from './span.ts'
import { pinch, shift, zoom } from './span.ts'

const KEY_SHIFT = 0.2
const KEY_ZOOM = 1.6
/** A finger that has moved less than this has tapped. */
const TAP_PX = 6

type Held = { readonly span: Span; readonly at: ReadonlyMap<number, number>; isMoved: boolean }

/**
 * Moves and zooms a span by hand: one pointer drags, two pinch, the wheel zooms while Ctrl is held (a trackpad's
 * pinch), keys do both. `inset` is what stands left of the plotting area, in px.
 */
export const useGestures = (
  box: RefObject<HTMLElement | null>,
  inset: number,
  span: Span,
  onSpan: ((span: Span) => void) | undefined,
  onTap: (shareOfWidth: number) => void,
): void => {
  const latest = useRef({ span, onSpan, onTap })
  useEffect(() => {
    latest.current = { span, onSpan, onTap }
  })
  useEffect(() => {
    const element = box.current
    if (element === null) return undefined
    const pointers = new Map<number, number>()
    let held: Held | undefined
    const shareOf = (clientX: number): number => {
      const { left, width } = element.getBoundingClientRect()
      return (clientX - left - inset) / Math.max(1, width - inset)
    }
    const change = (next: Span): void => latest.current.onSpan?.(next)
    const hold = (isMoved: boolean): void => {
      held = pointers.size === 0 ? undefined : { span: latest.current.span, at: new Map(pointers), isMoved }
    }
    const down = (event: PointerEvent): void => {
      if (event.button !== 0) return
      pointers.set(event.pointerId, shareOf(event.clientX))
      hold(pointers.size > 1)
    }
    const move = (event: PointerEvent): void => {
      if (held === undefined || !pointers.has(event.pointerId)) return
      pointers.set(event.pointerId, shareOf(event.clientX))
      const [first, second] = [...pointers.keys()]
      if (first === undefined) return
      const moved = (id: number): readonly [number, number] => [held?.at.get(id) ?? 0, pointers.get(id) ?? 0]
      const [before, after] = moved(first)
      if (second !== undefined) {
        const [otherBefore, otherAfter] = moved(second)
        change(pinch(held.span, [before, otherBefore], [after, otherAfter]))
        return
      }
      const isTap = Math.abs(after - before) * element.clientWidth < TAP_PX
      if (isTap && !held.isMoved) return
      if (!held.isMoved) element.setPointerCapture(event.pointerId)
      held.isMoved = true
      change(shift(held.span, before - after))
    }
    const up = (event: PointerEvent): void => {
      const share = pointers.get(event.pointerId)
      if (share === undefined) return
      pointers.delete(event.pointerId)
      if (event.type === 'pointerup' && held?.isMoved === false) latest.current.onTap(share)
      hold(held?.isMoved ?? false)
    }
    const wheel = (event: WheelEvent): void => {
      if (!event.ctrlKey) return
      event.preventDefault()
      change(zoom(latest.current.span, Math.exp(event.deltaY / 200), shareOf(event.clientX)))
    }
    const key = (event: KeyboardEvent): void => {
      const next = toKeySpan(event.key, latest.current.span)
      if (next === undefined || event.ctrlKey || event.metaKey || event.altKey) return
      event.preventDefault()
      change(next)
    }
    const ends = ['pointerup', 'pointercancel'] as const
    element.addEventListener('pointerdown', down)
    element.addEventListener('pointermove', move)
    for (const end of ends) window.addEventListener(end, up)
    element.addEventListener('wheel', wheel, { passive: false })
    element.addEventListener('keydown', key)
    return () => {
      element.removeEventListener('pointerdown', down)
      element.removeEventListener('pointermove', move)
      for (const end of ends) window.removeEventListener(end, up)
      element.removeEventListener('wheel', wheel)
      element.removeEventListener('keydown', key)
    }
  }, [box, inset])
}

const toKeySpan = (key: string, span: Span): Span | undefined => {
  switch (key) {
    case 'ArrowLeft':
      return shift(span, -KEY_SHIFT)
    case 'ArrowRight':
      return shift(span, KEY_SHIFT)
    case 'PageUp':
      return shift(span, -1)
    case 'PageDown':
      return shift(span, 1)
    case '+':
    case '=':
      return zoom(span, 1 / KEY_ZOOM)
    case '-':
      return zoom(span, KEY_ZOOM)
    // Whoever holds the span keeps it before now: the far future is the newest.
    case 'End':
      return shift(span, 1_000)
    default:
      return undefined
  }
}
