import { z } from 'zod'

/** Ids are opaque, immutable and ASCII; they may stand in an MQTT topic and in a URL path as they are. */
export const IdSchema = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
    'an id is 1 to 64 of A-Z a-z 0-9 . _ - and starts with a letter or digit',
  )

/** EUI-64 of a device: 16 lower-case hexadecimal digits, as printed on its label. */
export const EuiSchema = z
  .string()
  .regex(/^[0-9a-f]{16}$/, 'a device id is an EUI-64: 16 lower-case hexadecimal digits')

/** The id that our own frames carry: the low 32 bits of the EUI-64, so that 6 bytes less go over the air. */
export const toShortId = (eui: string): number => Number.parseInt(eui.slice(8), 16)
