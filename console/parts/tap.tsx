import type { ButtonHTMLAttributes } from 'react'
import './tap.css'

/** A button that a thumb finds: at least 48 px, with a word. `main` is the next step, `grave` cannot be taken back. */
export const Tap = ({
  look = 'plain',
  ...rest
}: { readonly look?: 'plain' | 'main' | 'grave' } & Omit<
  ButtonHTMLAttributes<HTMLButtonElement>,
  'type' | 'className'
>) => <button type="button" className={`tap ${look}`} {...rest} />
