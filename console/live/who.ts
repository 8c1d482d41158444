import { useState } from 'react'

const KEPT_AS = 'clearlane.name'

/** The name of who uses this device, as it stands beside what they do; empty until they have said it. */
export const readWho = (): string => localStorage.getItem(KEPT_AS) ?? ''

export const useWho = (): readonly [string, (name: string) => void] => {
  const [name, setName] = useState(readWho)
  return [
    name,
    (next) => {
      localStorage.setItem(KEPT_AS, next)
      setName(next)
    },
  ]
}
