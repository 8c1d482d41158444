const MAX_SHOWN = 9

/** The icon of the page: the lane's own, or how many alarms nobody has seen. */
export const toIcon = (unseen: number): string => {
  if (unseen === 0) return '/icon.svg'
  const text = unseen > MAX_SHOWN ? `${MAX_SHOWN}+` : String(unseen)
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#a31515"/><text x="8" y="12.5" font-family="sans-serif" font-weight="bold" font-size="12" text-anchor="middle" fill="#fff">${text}</text></svg>`
  return `data:image/svg+xml,${encodeURIComponent(svg)}`
}
