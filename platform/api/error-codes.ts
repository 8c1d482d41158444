/** Every error that the API answers with, and its HTTP status. `docs/TOPICS.md` explains each. */
export const ERROR_STATUS = {
  'bad-request': 400,
  'host-refused': 403,
  'origin-refused': 403,
  'not-found': 404,
  'version-conflict': 409,
  'lane-has-rules': 409,
  'seen-full': 409,
  'too-large': 413,
  'not-an-image': 415,
  'document-invalid': 422,
  internal: 500,
  'too-many-listeners': 503,
  'history-away': 503,
  'gateway-away': 504,
} as const
export type ErrorCode = keyof typeof ERROR_STATUS
