import { useWindowVirtualizer } from '@tanstack/react-virtual'
import { useLayoutEffect, useRef, useState } from 'react'

export type Row = {
  readonly key: string
  readonly title: string
  readonly note: string
  readonly wrong: number
  readonly onOpen: () => void
}

const ROW_PX = 64

/** A list of things to open; only what is on the screen is drawn, so ten thousand are as quick as ten. */
export const ItemList = ({ rows, testId }: { readonly rows: readonly Row[]; readonly testId: string }) => {
  const list = useRef<HTMLUListElement>(null)
  const [scrollMargin, setScrollMargin] = useState(0)
  // What stands above grows and shrinks with the forms.
  useLayoutEffect(() => {
    const top = list.current?.getBoundingClientRect().top
    if (top !== undefined && Math.abs(top + window.scrollY - scrollMargin) > 1)
      setScrollMargin(top + window.scrollY)
  })
  const virtualizer = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => ROW_PX,
    overscan: 8,
    scrollMargin,
    getItemKey: (index) => rows[index]?.key ?? index,
  })
  return (
    <ul ref={list} className="rows" data-testid={testId} style={{ height: virtualizer.getTotalSize() }}>
      {virtualizer.getVirtualItems().map(({ index, key, start }) => {
        const row = rows[index]
        return (
          row !== undefined && (
            <li
              key={key}
              ref={virtualizer.measureElement}
              data-index={index}
              style={{ transform: `translateY(${start - scrollMargin}px)` }}
            >
              <button type="button" onClick={row.onOpen} data-testid={`open-${row.key}`}>
                <span className="title">
                  <bdi>{row.title}</bdi>
                </span>
                <span className="note-line">
                  {row.wrong > 0 && <b className="blocked">▲ {row.wrong} </b>}
                  <bdi>{row.note}</bdi>
                </span>
              </button>
            </li>
          )
        )
      })}
    </ul>
  )
}
