import { useEffect, useState } from 'react'

/** `none`: this browser cannot; `refused`: it can, but does not now, for example to save the battery. */
export type WakeLockState = 'off' | 'held' | 'refused' | 'none'

/** Keeps the screen awake while wanted. The browser lets go when the page is hidden, so it is asked again after. */
export const useWakeLock = (isWanted: boolean): WakeLockState => {
  const [state, setState] = useState<WakeLockState>('off')
  useEffect(() => {
    if (!isWanted) return setState('off')
    if (!('wakeLock' in navigator)) return setState('none')
    let lock: WakeLockSentinel | undefined
    let isOver = false
    const ask = async (): Promise<void> => {
      if (document.visibilityState !== 'visible') return
      try {
        lock = await navigator.wakeLock.request('screen')
        if (isOver) return await lock.release()
        setState('held')
        lock.addEventListener('release', () => {
          if (!isOver) setState('refused')
        })
      } catch {
        if (!isOver) setState('refused')
      }
    }
    const onVisible = (): void => void ask()
    document.addEventListener('visibilitychange', onVisible)
    void ask()
    return () => {
      isOver = true
      document.removeEventListener('visibilitychange', onVisible)
      void lock?.release()
    }
  }, [isWanted])
  return state
}
