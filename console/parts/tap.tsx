import type { ButtonHTMLAttributes } from 'react'

/**
 * A button that a thumb finds: at least 48 px, with a word. `main` is the next step, `grave` cannot be taken back,
 * `quiet` is what few people choose.
 */
export const Tap = ({
  look = 'plain',
  type = 'button',
  ...rest
}: {
  readonly look?: 'plain' | 'main' | 'grave' | 'quiet'
  readonly type?: 'button' | 'submit'
} & Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'type' | 'className'>) => (
  <button type={type} className={`tap ${look}`} {...rest} />
)
