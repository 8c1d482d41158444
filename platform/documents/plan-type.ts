import type { PlanType } from '@clearlane/protocol'

/** What an image is by its first bytes, whatever whoever sends it says. */
export const toPlanType = (bytes: Uint8Array): PlanType | undefined => {
  const text = String.fromCharCode(...bytes.subarray(0, 12))
  if (text.startsWith('\x89PNG\r\n\x1a\n')) return 'image/png'
  if (text.startsWith('\xff\xd8\xff')) return 'image/jpeg'
  // RIFF, four bytes of length, WEBP.
  return text.startsWith('RIFF') && text.slice(8) === 'WEBP' ? 'image/webp' : undefined
}
