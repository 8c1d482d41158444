import type { Observable } from 'rxjs'

/** One way of hearing devices. Each subscription opens the port anew; an error means that the port was lost. */
export type Link = {
  readonly id: string
  readonly events$: Observable<LinkEvent>
}

/** `open` hands over the way back to the devices; `bytes` is whatever was heard, cut anywhere. */
export type LinkEvent =
  | { readonly kind: 'open'; readonly send: (bytes: Uint8Array) => void }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
